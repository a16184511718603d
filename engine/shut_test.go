package engine_test

import (
	"context"
	"net/netip"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"viamillipede/engine"
	"viamillipede/engine/enginetest"
	"viamillipede/engine/internal/stream"
	"viamillipede/engine/observe"
	"viamillipede/engine/rig"
)

// absent is a network on whose local address nobody can listen while it is not here.
type absent struct {
	stream.Transport
	here  *atomic.Bool
	tries *atomic.Int64
}

func (a absent) Listen(ctx context.Context, port uint16, n int) (stream.Door, error) {
	a.tries.Add(1)
	if !a.here.Load() {
		return nil, os.NewSyscallError("bind", syscall.EADDRNOTAVAIL)
	}
	return a.Transport.Listen(ctx, port, n)
}

var local = netip.MustParseAddr("fe80::1%dev")

// A receiver waits for its local address, says so once, and listens when the address has come; and again when its device is made
// anew, which no listener notices.
func TestReceiverWaitsForItsAddress(t *testing.T) {
	a := absent{here: new(atomic.Bool), tries: new(atomic.Int64)}
	o := rig.Setup{Options: engine.Options{Bind: local}, Hooks: rig.Hooks{Timing: steady}}
	o.Timing.BackoffMost = time.Hour // nothing but the change brings it about
	rx := receive(t, o, enginetest.KindPipe, func(n stream.Transport) stream.Transport {
		a.Transport = n
		return a
	})
	rx.until("it waits", func() bool {
		return count(rx.log, func(e observe.AddressAwaited) bool {
			return e.Addr.String() == "fe80::1%dev" && strings.HasPrefix(e.Err.Error(), "bind:")
		}) > 0
	})
	for range 3 {
		before := a.tries.Load()
		rx.until("another try", func() bool { rx.network.Change(); return a.tries.Load() > before })
	}
	if n := count[observe.AddressAwaited](rx.log, nil); n != 1 {
		t.Errorf("said %d times:\n%s", n, rx.log)
	}
	a.here.Store(true)
	rx.until("the door", func() bool {
		rx.network.Change()
		return count[observe.Listening](rx.log, nil) == 1
	})
	first := rx.link(0)
	rx.network.Stale(port)
	rx.until("another door", func() bool {
		rx.network.Change()
		return count[observe.Listening](rx.log, nil) == 2
	})
	got := rx.consume()
	s := newStream(1, 1000)
	second := rx.link(1)
	second.send(s.frame(0))
	first.c.Close()
	s.finish(rx, second, got)
}

// It waits for as long as connect says.
func TestReceiverWhoseAddressDoesNotCome(t *testing.T) {
	rx := receive(t, rig.Setup{
		Options: engine.Options{Bind: local, Connect: 50 * time.Millisecond},
	}, enginetest.KindPipe, func(n stream.Transport) stream.Transport {
		return absent{n, new(atomic.Bool), new(atomic.Int64)}
	})
	if err := rx.wants(engine.StatusConnect).err; !strings.Contains(err.Error(), "cannot listen on port 8834 within 50ms: bind:") {
		t.Error(err)
	}
}

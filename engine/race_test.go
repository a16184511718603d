package engine_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"viamillipede/engine"
	"viamillipede/engine/enginetest"
	"viamillipede/engine/internal/stream"
	"viamillipede/engine/observe"
	"viamillipede/engine/rig"
	"viamillipede/engine/wire"
)

// An address that swallows packets does not use up the time of the next one, however long that is. Nor does one that takes a
// connection and says nothing, even if it is the quicker one: it loses its turn to one that waits.
func TestSwallowedAddress(t *testing.T) {
	for name, first := range map[string]enginetest.Path{"silent": enginetest.PathSilent, "mute": enginetest.PathMute} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := rig.Setup{Options: engine.Options{Threads: 1, Connect: soon}, Hooks: rig.Hooks{Timing: steady}}
			o.Timing.Dial, o.Timing.Backoff = time.Hour, time.Hour
			tx := send(t, o, content(1, 1000), answering(first, enginetest.PathWorks))
			tx.accept(4).untilType(wire.TypeLeg)
			tx.cancel()
			tx.wants(engine.StatusInterrupt)
		})
	}
}

// Of many addresses far away each has the whole time to connect, and one of them says hello.
func TestFarAddresses(t *testing.T) {
	t.Parallel()
	const takes = time.Second // twice that is how long the first hello may stay without an answer
	o := rig.Setup{Options: engine.Options{Threads: 1, Connect: soon}, Hooks: rig.Hooks{Timing: steady}}
	o.Timing.Dial, o.Timing.Backoff = 4*takes-takes/2, time.Hour
	works := enginetest.PathWorks
	tx := send(t, o, content(1, 1000), func(n stream.Transport) stream.Transport {
		return slow{answering(works, works, works, works)(n), takes}
	})
	tx.accept(4).untilType(wire.TypeLeg)
	var said atomic.Int64
	stop := tx.serve(func(c net.Conn) {
		b, _ := io.ReadAll(c)
		said.Add(int64(len(b)))
	})
	tx.cancel()
	tx.wants(engine.StatusInterrupt)
	stop()
	if n := said.Load(); n > 0 {
		t.Errorf("%d bytes were said on other connections", n)
	}
}

// names is a network whose names are resolved as state has it.
type names struct {
	stream.Transport
	state atomic.Pointer[func(context.Context) ([]netip.Addr, error)] // nil: as the network has it
}

func (n *names) Resolve(ctx context.Context, p engine.Path) ([]netip.Addr, error) {
	if f := n.state.Load(); f != nil {
		return (*f)(ctx)
	}
	return n.Transport.Resolve(ctx, p)
}

func (n *names) set(f func(context.Context) ([]netip.Addr, error)) { n.state.Store(&f) }

// A name that is gone, or that no server answers for, costs a path nothing: its links come back at the addresses that it had.
func TestNameGone(t *testing.T) {
	gone := &net.DNSError{Err: "no such host", Name: "a", IsNotFound: true}
	for name, f := range map[string]func(context.Context) ([]netip.Addr, error){
		"no such host": func(context.Context) ([]netip.Addr, error) { return nil, gone },
		"the name is not resolved yet": func(ctx context.Context) ([]netip.Addr, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := &names{}
			o := rig.Setup{Options: engine.Options{Threads: 1, Connect: soon}, Hooks: rig.Hooks{Timing: steady}}
			o.Timing.Dial = soon
			tx := send(t, o, content(1, 1000), func(t stream.Transport) stream.Transport {
				n.Transport = t
				return n
			})
			h := tx.accept(4)
			h.untilType(wire.TypeLeg)
			n.set(f)
			for range 3 {
				h.c.Close()
				h = tx.accept(4)
				h.untilType(wire.TypeLeg)
			}
			tx.cancel()
			tx.wants(engine.StatusInterrupt)
			if n := count(tx.log, func(e observe.NameKept) bool { return strings.HasPrefix(e.Err.Error(), name) }); n != 1 {
				t.Errorf("it is told %d times that its last addresses are used:\n%s", n, tx.log)
			}
		})
	}
}

// A name that has moved is followed, though it failed meanwhile.
func TestNameMoves(t *testing.T) {
	n := &names{}
	o := rig.Setup{Options: engine.Options{Threads: 1, Connect: soon}, Hooks: rig.Hooks{Timing: steady}}
	o.Timing.Dial = soon
	tx := send(t, o, content(1, 1000), func(t stream.Transport) stream.Transport {
		t.(*enginetest.Net).SetAddresses("a", enginetest.PathWorks, enginetest.PathWorks)
		n.Transport = t
		return n
	})
	at := func(i byte) {
		n.set(func(context.Context) ([]netip.Addr, error) { return []netip.Addr{netip.AddrFrom4([4]byte{3: i})}, nil })
	}
	at(0)
	h := tx.accept(4)
	h.untilType(wire.TypeLeg)
	n.set(func(context.Context) ([]netip.Addr, error) { return nil, errors.New("try again") })
	h.c.Close()
	h = tx.accept(4)
	h.untilType(wire.TypeLeg)
	tx.network.SetAddresses("a", enginetest.PathSilent, enginetest.PathWorks)
	at(1)
	h.c.Close()
	h = tx.accept(4)
	h.untilType(wire.TypeLeg)
	if got := fmt.Sprint(tx.network.Dials("a")); got != "[2 1]" {
		t.Errorf("attempts at each address: %s", got)
	}
	tx.cancel()
	tx.wants(engine.StatusInterrupt)
}

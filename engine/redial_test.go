package engine_test

import (
	"context"
	"errors"
	"math/bits"
	"net"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"viamillipede/engine"
	"viamillipede/engine/internal/stream"
	"viamillipede/engine/observe"
	"viamillipede/engine/rig"
	"viamillipede/engine/wire"
)

// A path that breaks each link as soon as it is up is tried ever less often.
func TestLinksThatBreakAtOnce(t *testing.T) {
	for _, threads := range []int{1, 8} {
		o := rig.Setup{Options: engine.Options{Threads: threads, Connect: soon}, Hooks: rig.Hooks{Timing: steady}}
		o.Timing.Backoff, o.Timing.BackoffMost = time.Millisecond, time.Hour
		tx := send(t, o, content(1, 1000), nil)
		var links atomic.Int64
		begun := time.Now()
		stop := tx.serve(func(c net.Conn) { // a host that resets what it has taken
			welcomes(c)
			links.Add(1)
		})
		tx.until("some links", func() bool { return links.Load() >= 4*int64(threads) })
		const lasts = 300 * time.Millisecond
		<-time.After(lasts)
		if got, most := links.Load(), int64(threads)*attempts(time.Since(begun)); got > most {
			t.Errorf("threads %d: %d links, want %d at most", threads, got, most)
		}
		tx.cancel()
		tx.wants(engine.StatusInterrupt)
		stop()
	}
}

// attempts is how many a keeper makes within a time at most, if each pause is twice the one before it: those before attempt n add up to
// 2^(n-1)-1 ms.
func attempts(within time.Duration) int64 {
	return 2 + int64(bits.Len64(uint64(within/time.Millisecond)))
}

// counting is a network that lets so many connections in, and refuses the others.
type counting struct {
	stream.Transport
	room    atomic.Int64
	refused atomic.Int64
}

func (c *counting) Dial(ctx context.Context, p engine.Path, to netip.Addr, from uint16) (net.Conn, error) {
	if c.room.Add(-1) < 0 {
		c.room.Add(1)
		c.refused.Add(1)
		return nil, errors.New("dropped")
	}
	return c.Transport.Dial(ctx, p, to, from)
}

// up is how many links are.
func up(s observe.Snapshot) (n int) {
	for _, l := range s.Links {
		if l.Up() {
			n++
		}
	}
	return n
}

// Links beyond those that get in are tried ever less often; but when those are lost that did, at once.
func TestLinksThatDoNotGetIn(t *testing.T) {
	const links, room = 6, 2
	f := &counting{}
	f.room.Store(room)
	o := rig.Setup{Options: engine.Options{Threads: links, Connect: soon}, Hooks: rig.Hooks{Timing: steady}}
	o.Timing.Backoff, o.Timing.BackoffMost, o.Timing.Rare = time.Millisecond, 2*time.Millisecond, time.Hour
	tx := send(t, o, content(1, 1000), func(n stream.Transport) stream.Transport {
		f.Transport = n
		return f
	})
	var in []*hand
	for range room {
		in = append(in, tx.accept(4))
	}
	tx.until("those are up", func() bool { return up(tx.status()) == room })
	begun, before := time.Now(), f.refused.Load() // without a link the others are tried often
	tx.until("the others have tried", func() bool { return f.refused.Load() >= before+4*(links-room) })
	<-time.After(300 * time.Millisecond)
	if got, most := f.refused.Load()-before, attempts(time.Since(begun))*(links-room); got > most {
		t.Errorf("%d attempts that are refused, want %d at most", got, most)
	}
	f.room.Store(links)
	for _, h := range in {
		h.c.Close()
	}
	for range links {
		tx.accept(4)
	}
	tx.cancel()
	tx.wants(engine.StatusInterrupt)
}

// A path that never came up says why at the end.
func TestPathThatWasNeverUp(t *testing.T) {
	gone := &net.DNSError{Err: "no such host", Name: "b", IsNotFound: true}
	paths := []engine.Path{{Host: "a", Port: port}, {Host: "b", Port: port}}
	tx := sendOver(t, rig.Setup{
		Options: engine.Options{Threads: 2, Connect: soon},
	}, content(1, 1000), paths, func(n stream.Transport) stream.Transport {
		return nameless{n, gone}
	})
	h := tx.accept(4)
	tx.until("the other path was tried", func() bool {
		return count(tx.log, func(e observe.DialFailed) bool { return e.Err.Error() == "no such host" }) > 0
	})
	h.takeAll(1)
	h.send(wire.Done{Legs: 1, Bytes: 1000}.Append(nil))
	sum := tx.wants(engine.StatusDone)
	if a, b := sum.Paths[0], sum.Paths[1]; a.NeverUp || !b.NeverUp || b.Name != "b:8834" || b.Last == nil || b.Last.Error() != "no such host" {
		t.Errorf("%+v\n%+v", a, b)
	}
}

// nameless is a network on which host b has no address.
type nameless struct {
	stream.Transport
	err error
}

func (n nameless) Resolve(ctx context.Context, p engine.Path) ([]netip.Addr, error) {
	if p.Host == "b" {
		return nil, n.err
	}
	return n.Transport.Resolve(ctx, p)
}

package engine_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"viamillipede/engine"
	"viamillipede/engine/enginetest"
	"viamillipede/engine/internal/stream"
	"viamillipede/engine/observe"
	"viamillipede/engine/rig"
	"viamillipede/engine/wire"
)

// until asks again and again, for what has no event of its own.
func (r *running) until(what string, is func() bool) {
	r.t.Helper()
	for deadline := time.Now().Add(soon); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			r.t.Fatalf("not within %v: %s\n%s", soon, what, r.log)
		}
	}
}

// answering gives host a several addresses, and says how each of them answers.
func answering(answers ...enginetest.Path) transporter {
	return func(n stream.Transport) stream.Transport {
		n.(*enginetest.Net).SetAddresses("a", answers...)
		return n
	}
}

// Of three addresses the last one works: it is found in one attempt, and is the first to be tried from then on.
func TestAddressesInTurn(t *testing.T) {
	for name, bad := range map[string]enginetest.Path{
		"refusing": enginetest.PathRefuses, "silent": enginetest.PathSilent,
		"mute": enginetest.PathMute, "babbling": enginetest.PathBabbles,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := rig.Setup{Options: engine.Options{Threads: 1, Connect: soon}, Hooks: rig.Hooks{Timing: steady}}
			o.Timing.Dial, o.Timing.Backoff, o.Timing.BackoffMost = soon, soon, soon // one attempt has to do
			tx := send(t, o, content(1, 1000), answering(bad, bad, enginetest.PathWorks))
			h := tx.accept(4)
			h.untilType(wire.TypeLeg)
			if got := fmt.Sprint(tx.network.Dials("a")); got != "[1 1 1]" {
				t.Errorf("attempts at each address: %s", got)
			}
			tx.cancel()
			tx.wants(engine.StatusInterrupt)
			if count(tx.log, func(e observe.AddressChosen) bool { return e.Addr.String() == "0.0.0.2" && e.Failed != nil }) == 0 {
				t.Errorf("that another address is used is not told:\n%s", tx.log)
			}
		})
	}
}

// A path's address that fails is tried once, not again at every redial.
func TestAddressThatWorkedIsRemembered(t *testing.T) {
	o := rig.Setup{Options: engine.Options{Threads: 1, Connect: soon}}
	tx := send(t, o, content(1, 1000), answering(enginetest.PathRefuses, enginetest.PathMute, enginetest.PathWorks))
	const times = 4
	for range times {
		h := tx.accept(4)
		h.untilType(wire.TypeEnd)
		h.c.Close()
	}
	tx.accept(4)
	if got, want := tx.network.Dials("a"), []int{1, 1, 1 + times}; !slices.Equal(got, want) {
		t.Errorf("attempts at each address: %v, want %v", got, want)
	}
	tx.cancel()
	tx.wants(engine.StatusInterrupt)
}

// After a change of the network keepers do not wait until their next attempt is due: first those that are the first of
// their path, and when that is back the others.
func TestChangeWakesKeepers(t *testing.T) {
	const links = 4
	o := rig.Setup{Options: engine.Options{Threads: links, Connect: soon}, Hooks: rig.Hooks{Timing: steady}}
	o.Timing.Backoff, o.Timing.BackoffMost = time.Hour, time.Hour
	tx := send(t, o, content(1, 1000), answering(enginetest.PathRefuses))
	tx.until("every keeper has failed", func() bool { return tx.network.Dials("a")[0] == links })
	tx.network.SetAddresses("a", enginetest.PathWorks)
	tx.until("the change is heard of", func() bool { tx.network.Change(); return tx.network.Dials("a")[0] > links })
	for range links {
		tx.accept(4)
	}
	tx.cancel()
	tx.wants(engine.StatusInterrupt)
}

// A connection that was begun before the network changed, and gets no answer, is begun again.
func TestChangeEndsAnAttempt(t *testing.T) {
	o := rig.Setup{Options: engine.Options{Threads: 1, Connect: soon}, Hooks: rig.Hooks{Timing: steady}}
	o.Timing.Dial, o.Timing.Backoff, o.Timing.BackoffMost = time.Hour, time.Hour, time.Hour
	tx := send(t, o, content(1, 1000), answering(enginetest.PathSilent))
	tx.until("the first attempt", func() bool { return tx.network.Dials("a")[0] == 1 })
	tx.network.SetAddresses("a", enginetest.PathWorks)
	tx.until("the change is heard of", func() bool { tx.network.Change(); return tx.network.Dials("a")[0] > 1 })
	tx.accept(4)
	tx.cancel()
	tx.wants(engine.StatusInterrupt)
}

// In a storm of changes a connection that takes its time comes about all the same.
func TestSlowConnectionInAStorm(t *testing.T) {
	o := rig.Setup{Options: engine.Options{Threads: 1, Connect: soon}, Hooks: rig.Hooks{Timing: steady}}
	o.Timing.Dial = time.Hour
	tx := send(t, o, content(1, 1000), func(n stream.Transport) stream.Transport { return slow{n, 300 * time.Millisecond} })
	up, calm := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(calm)
		for {
			select {
			case <-up:
				return
			case <-time.After(time.Millisecond):
				tx.network.Change()
			}
		}
	}()
	tx.accept(4)
	close(up)
	<-calm
	tx.cancel()
	tx.wants(engine.StatusInterrupt)
}

// slow is a network on which a connection takes its time.
type slow struct {
	stream.Transport
	takes time.Duration
}

func (s slow) Dial(ctx context.Context, p engine.Path, to netip.Addr, from uint16) (net.Conn, error) {
	select {
	case <-time.After(s.takes):
		return s.Transport.Dial(ctx, p, to, from)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// A storm of changes brings about ten attempts a second for a path, however many links it has.
func TestStormOfChanges(t *testing.T) {
	const links, least, lasts = 16, 3, 500 * time.Millisecond
	o := rig.Setup{Options: engine.Options{Threads: links, Connect: soon}, Hooks: rig.Hooks{Timing: steady}}
	o.Timing.Backoff, o.Timing.BackoffMost = time.Hour, time.Hour
	tx := send(t, o, content(1, 1000), answering(enginetest.PathRefuses))
	tx.until("every keeper has failed", func() bool { return tx.network.Dials("a")[0] == links })
	begun := time.Now()
	tx.until("some attempts more", func() bool {
		tx.network.Change()
		return tx.network.Dials("a")[0]-links >= least && time.Since(begun) >= lasts
	})
	more := tx.network.Dials("a")[0] - links
	took := time.Since(begun)
	if most := 1 + int(took/(100*time.Millisecond)); more > most {
		t.Errorf("%d attempts in a storm of %v, want %d at most", more, took, most)
	}
	tx.cancel()
	tx.wants(engine.StatusInterrupt)
}

// blind is a network whose changes cannot be watched.
type blind struct{ stream.Transport }

func (blind) Watch(context.Context, func()) error { return errors.New("not permitted") }

// Nothing but one line comes of it where changes cannot be watched.
func TestChangesUnwatched(t *testing.T) {
	tx := send(t, rig.Setup{Options: engine.Options{Threads: 2, Connect: soon}}, content(1, 1000),
		func(n stream.Transport) stream.Transport { return blind{n} })
	h := tx.accept(4)
	h.untilType(wire.TypeLeg)
	tx.until("it is told", func() bool { return count[observe.NetworkNotWatched](tx.log, nil) > 0 })
	tx.cancel()
	tx.wants(engine.StatusInterrupt)
	if n := count[observe.NetworkNotWatched](tx.log, nil); n != 1 {
		t.Errorf("told %d times:\n%s", n, tx.log)
	}
}

// paces notes what every open connection was last paced to.
type paces struct {
	mu  sync.Mutex
	now map[*paced]uint64 // guarded by mu
}

// list returns the paces of the connections that were paced and are open.
func (p *paces) list() (list []uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, rate := range p.now {
		list = append(list, rate)
	}
	slices.Sort(list)
	return list
}

type paced struct {
	stream.Connection
	all *paces
}

func (c *paced) Pace(rate uint64) {
	c.all.mu.Lock()
	defer c.all.mu.Unlock()
	c.all.now[c] = rate
}

func (c *paced) Abort() error { c.forget(); return c.Connection.Abort() }

func (c *paced) Close() error { c.forget(); return c.Connection.Close() }

func (c *paced) forget() {
	c.all.mu.Lock()
	defer c.all.mu.Unlock()
	delete(c.all.now, c)
}

// The links that are up on a path share its rate, on whichever loops they are; a guest counts where it is.
func TestRateIsShared(t *testing.T) {
	p := &paces{now: make(map[*paced]uint64)}
	paths := []engine.Path{{Host: "a", Port: port, Rate: 12 << 20}, {Host: "b", Port: port}}
	o := rig.Setup{Options: engine.Options{Threads: 6, Connect: soon, CPUs: []int{-1, -1}}}
	tx := sendOver(t, o, content(1, 1000), paths, adopting(func(c stream.Connection) stream.Conn { return &paced{Connection: c, all: p} }))
	var links []*hand
	for range o.Threads {
		links = append(links, tx.accept(4))
	}
	shares := func(want ...uint64) {
		t.Helper()
		tx.until(fmt.Sprintf("paces of %v", want), func() bool { return slices.Equal(p.list(), want) })
	}
	shares(4<<20, 4<<20, 4<<20)
	tx.network.Set("b", enginetest.PathRefuses)
	const fifth = (12 << 20) / 5
	guests := 0
	for _, h := range links {
		if h.hello.Link%2 == 1 { // on the second path
			h.c.Close()
			guests++
		}
	}
	guests-- // the first of a path is nobody's guest
	for range guests {
		tx.accept(4)
	}
	shares(fifth, fifth, fifth, fifth, fifth)
	tx.cancel()
	tx.wants(engine.StatusInterrupt)
}

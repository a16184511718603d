package engine_test

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"viamillipede/engine"
	"viamillipede/engine/enginetest"
	"viamillipede/engine/internal/stream"
	"viamillipede/engine/observe"
	"viamillipede/engine/rig"
	"viamillipede/engine/schedule"
	"viamillipede/engine/wire"
)

// anxious has an engine that tells its user of an outage after a moment, in which links come up on the busiest machine, and waits for a
// peer that does not come back.
func anxious() schedule.Timing {
	t := steady
	t.Tell, t.TellAgain = 200*time.Millisecond, 50*time.Millisecond
	return t
}

// tells waits until there is an event of an outage for which is holds, and of which all is known that there must be.
func (r *running) tells(what string, is func(observe.Outage) bool) {
	r.t.Helper()
	r.until(what, func() bool { return count(r.log, func(e observe.Outage) bool { return is(e) && complete(e) }) > 0 })
}

// complete reports whether an event tells since when, and how long, something is waited for.
func complete(e observe.Outage) bool {
	return !e.Since.IsZero() && e.At.After(e.Since) && (e.Phase == observe.OutageEnds || e.Until.IsZero() || e.Until.After(e.At))
}

// refused reports whether it is told that every path refuses.
func refused(e observe.Outage) bool {
	u, ok := e.Why.(observe.Unreachable)
	return ok && len(u) == 1 && strings.HasPrefix(u[0].Path, "a:") && u[0].Err != nil && strings.HasSuffix(u[0].Err.Error(), "refused")
}

// later reports whether an outage after first contact is told of, which is waited out for a time.
func later(e observe.Outage) bool {
	return !e.First && e.Phase != observe.OutageEnds && (e.Limit == observe.LimitGiveup || e.Limit == observe.LimitDead) && !e.Until.IsZero()
}

// A sender says what it waits for, and why: first contact, then a way back.
func TestSenderTellsOfAnOutage(t *testing.T) {
	tx := send(t, rig.Setup{
		Options: engine.Options{Threads: 2, Connect: soon},
		Hooks:   rig.Hooks{Timing: anxious()},
	}, content(1, 1000), answering(enginetest.PathRefuses))
	tx.tells("no receiver yet", func(e observe.Outage) bool {
		return e.Sender && e.First && e.Phase != observe.OutageEnds && e.Limit == observe.LimitConnect && !e.Until.IsZero() && refused(e)
	})
	tx.network.SetAddresses("a", enginetest.PathWorks)
	links := []*hand{tx.accept(4), tx.accept(4)}
	tx.tells("the receiver answers", func(e observe.Outage) bool { return e.First && e.Phase == observe.OutageEnds })
	tx.network.SetAddresses("a", enginetest.PathRefuses)
	for _, h := range links {
		h.c.Close()
	}
	tx.tells("no path works", func(e observe.Outage) bool { return later(e) && e.Links == 0 && refused(e) })
	tx.until("it says so again", func() bool { return count(tx.log, later) > 2 })
	tx.network.SetAddresses("a", enginetest.PathWorks)
	tx.accept(4).send(wire.Ack{Received: 1}.Append(nil))
	tx.tells("a path works again", func(e observe.Outage) bool { return !e.First && e.Phase == observe.OutageEnds && len(e.Paths) == 1 })
	tx.cancel()
	tx.wants(engine.StatusInterrupt)
}

// So does a receiver; what it waits for at first it says once.
func TestReceiverTellsOfAnOutage(t *testing.T) {
	rx := receive(t, rig.Setup{Hooks: rig.Hooks{Timing: anxious()}}, enginetest.KindPipe, nil)
	got := rx.consume()
	s := newStream(2, 1000)
	rx.tells("it waits for a sender", func(e observe.Outage) bool { return e.First && e.Door != nil && e.Phase == observe.OutageBegins })
	time.Sleep(3 * anxious().TellAgain)
	h := rx.link(0)
	h.send(s.frame(0))
	rx.tells("a sender is here", func(e observe.Outage) bool { return e.First && e.Phase == observe.OutageEnds })
	h.untilReceived(1)
	h.c.Close()
	rx.tells("no path works", func(e observe.Outage) bool { return later(e) && e.Stage == observe.StageReceiving })
	rx.link(0, func(h *wire.Hello) { h.Generation = 1 }).c.Close() // of no use
	h = rx.link(0, func(h *wire.Hello) { h.Generation = 2 })
	h.send(s.frame(1))
	rx.tells("a path works again", func(e observe.Outage) bool { return !e.First && e.Phase == observe.OutageEnds })
	s.finish(rx, h, got)
	if n := count(rx.log, func(e observe.Outage) bool { return e.First && e.Phase != observe.OutageEnds }); n != 1 {
		t.Errorf("a receiver says %d times that it waits for its sender\n%s", n, rx.log)
	}
	if n := count(rx.log, func(e observe.Outage) bool { return !e.First && e.Phase == observe.OutageEnds }); n != 1 {
		t.Errorf("a receiver says %d times that a path works again\n%s", n, rx.log)
	}
}

// Links that are dialled again at once are no outage.
func TestRedialsAreNotTold(t *testing.T) {
	timing := anxious()
	timing.Tell = soon
	tx := send(t, rig.Setup{Options: engine.Options{Threads: 2}, Hooks: rig.Hooks{Timing: timing}}, content(1, 1000), nil)
	for range 20 {
		tx.accept(4).c.Close()
	}
	tx.cancel()
	tx.wants(engine.StatusInterrupt)
	if count[observe.Outage](tx.log, nil) > 0 {
		t.Errorf("%s", tx.log)
	}
}

// shows waits until the link with that index is in that state, with so many bytes.
func (r *running) shows(index int, state observe.State, bytes uint64) {
	r.t.Helper()
	r.until(fmt.Sprintf("link %d is in state %d", index, state), func() bool {
		for _, l := range r.status().Links {
			if l.Index == index {
				return l.State == state && l.Up() == (state != observe.StateDown) && l.Bytes == bytes
			}
		}
		return false
	})
}

// A link on which nothing is heard is shown as stalled, and a lost link as down, at both ends.
func TestStatusOfDeadLinks(t *testing.T) {
	o := rig.Setup{Options: engine.Options{Threads: 1}, Hooks: rig.Hooks{Timing: steady}}
	o.Timing.Backoff, o.Timing.BackoffMost = time.Hour, time.Hour
	tx := send(t, o, content(1, 1000), nil)
	h := tx.accept(4)
	tx.shows(0, observe.StateStalled, 1000)
	h.c.Close()
	tx.shows(0, observe.StateDown, 0)
	if p := tx.status().Paths[0]; p.Links != 0 || p.NeverUp || p.Since.IsZero() {
		t.Errorf("a path that has lost its link: %+v", p)
	}
	tx.cancel()
	tx.wants(engine.StatusInterrupt)

	rx := receive(t, rig.Setup{Hooks: rig.Hooks{Timing: steady}}, enginetest.KindPipe, nil)
	h = rx.link(2)
	h.send(newStream(1, 1000).frame(0))
	rx.shows(2, observe.StateStalled, 1000)
	h.c.Close()
	rx.shows(2, observe.StateDown, 0)
	rx.cancel()
	rx.wants(engine.StatusInterrupt)
}

// mumbling never resolves a name.
type mumbling struct{ stream.Transport }

func (mumbling) Resolve(ctx context.Context, _ engine.Path) ([]netip.Addr, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// A name server that does not answer is not taken for a host that does not.
func TestSenderTellsOfASlowName(t *testing.T) {
	tx := send(t, rig.Setup{
		Options: engine.Options{Threads: 1, Connect: soon},
		Hooks:   rig.Hooks{Timing: anxious()},
	}, nil, func(n stream.Transport) stream.Transport {
		return mumbling{n}
	})
	tx.tells("no receiver yet", func(e observe.Outage) bool {
		return e.First && strings.HasSuffix(fmt.Sprint(e.Why), ": the name is not resolved yet")
	})
	tx.cancel()
	tx.wants(engine.StatusInterrupt)
}

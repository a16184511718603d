package engine_test

import (
	"context"
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"viamillipede/engine"
	"viamillipede/engine/enginetest"
	"viamillipede/engine/wire"
)

// anxious has an engine that tells its user of an outage after a moment, and waits for a peer that does not come back.
func anxious() engine.Timing {
	t := steady
	t.Tell, t.TellAgain = 20*time.Millisecond, 40*time.Millisecond
	return t
}

// tells waits until a line is as the pattern has it.
func (r *running) tells(pattern string) {
	r.t.Helper()
	is := regexp.MustCompile(`(?m)^[rt]x: ` + pattern + `$`)
	r.until(pattern, func() bool { return is.MatchString(r.log.String()) })
}

// A sender says what it waits for, and why: first contact, then a way back.
func TestSenderTellsOfAnOutage(t *testing.T) {
	tx := send(t, engine.Options{Threads: 2, Connect: soon, Timing: anxious()}, content(1, 1000), answering(enginetest.PathRefuses))
	const times = `since ..:..:.. \(.* ago\); waiting for up to .* more \((giveup|dead)\)`
	tx.tells(`no receiver yet after .* s, trying for up to .* s more \(connect\): a:\d+: .*refused`)
	tx.network.SetAddresses("a", enginetest.PathWorks)
	links := []*hand{tx.accept(4), tx.accept(4)}
	tx.tells(`the receiver answers, after .* s`)
	tx.network.SetAddresses("a", enginetest.PathRefuses)
	for _, h := range links {
		h.c.Close()
	}
	tx.tells(`no path to the receiver works ` + times + `: a:\d+: .*refused`)
	tx.until("it says so again", func() bool { return strings.Count(tx.log.String(), "no path to the receiver works") > 2 })
	tx.network.SetAddresses("a", enginetest.PathWorks)
	tx.accept(4).send(wire.Ack{Received: 1}.Append(nil))
	tx.tells(`a path to the receiver works again, after .* s: a:\d+`)
	tx.cancel()
	tx.wants(engine.StatusInterrupt)
}

// So does a receiver; what it waits for at first it says once.
func TestReceiverTellsOfAnOutage(t *testing.T) {
	rx := receive(t, engine.Options{Timing: anxious()}, enginetest.KindPipe, nil)
	got := rx.consume()
	s := newStream(2, 1000)
	rx.tells(`waiting for a sender on .*`)
	time.Sleep(3 * anxious().TellAgain)
	h := rx.link(0)
	h.send(s.frame(0))
	rx.tells(`a sender is here, after .* s`)
	h.untilReceived(1)
	h.c.Close()
	rx.tells(`no path from the sender works since ..:..:.. \(.* ago\); waiting for up to .* more \((giveup|dead)\)`)
	rx.link(0, func(h *wire.Hello) { h.Generation = 1 }).c.Close() // of no use
	h = rx.link(0, func(h *wire.Hello) { h.Generation = 2 })
	h.send(s.frame(1))
	rx.tells(`a path from the sender works again, after .* s`)
	s.finish(rx, h, got)
	if n := strings.Count(rx.log.String(), "waiting for a sender"); n != 1 {
		t.Errorf("a receiver says %d times that it waits for its sender\n%s", n, rx.log)
	}
	if n := strings.Count(rx.log.String(), "works again"); n != 1 {
		t.Errorf("a receiver says %d times that a path works again\n%s", n, rx.log)
	}
}

// Links that are dialled again at once are no outage.
func TestRedialsAreNotTold(t *testing.T) {
	timing := anxious()
	timing.Tell = soon
	tx := send(t, engine.Options{Threads: 2, Timing: timing}, content(1, 1000), nil)
	for range 20 {
		tx.accept(4).c.Close()
	}
	tx.cancel()
	tx.wants(engine.StatusInterrupt)
	if strings.Contains(tx.log.String(), "no path") {
		t.Errorf("%s", tx.log)
	}
}

// shows waits until the link of that index stands so, with so many bytes, or there is none.
func (r *running) shows(index int, state engine.State, bytes uint64) {
	r.t.Helper()
	r.until(fmt.Sprintf("link %d is in state %d", index, state), func() bool {
		for _, l := range r.status().Links {
			if l.Index == index {
				return l.State == state && l.Up() == (state != engine.StateDown) && l.Bytes == bytes
			}
		}
		return false
	})
}

// A link of which nothing is heard stands as one that stalls, and one that was lost as down, at both ends.
func TestStatusOfDeadLinks(t *testing.T) {
	o := engine.Options{Threads: 1, Timing: steady}
	o.Timing.Backoff, o.Timing.BackoffMost = time.Hour, time.Hour
	tx := send(t, o, content(1, 1000), nil)
	h := tx.accept(4)
	tx.shows(0, engine.StateStalled, 1000)
	h.c.Close()
	tx.shows(0, engine.StateDown, 0)
	if p := tx.status().Paths[0]; p.Links != 0 || p.NeverUp || p.Since.IsZero() {
		t.Errorf("a path that has lost its link: %+v", p)
	}
	tx.cancel()
	tx.wants(engine.StatusInterrupt)

	rx := receive(t, engine.Options{Timing: steady}, enginetest.KindPipe, nil)
	h = rx.link(2)
	h.send(newStream(1, 1000).frame(0))
	rx.shows(2, engine.StateStalled, 1000)
	h.c.Close()
	rx.shows(2, engine.StateDown, 0)
	rx.cancel()
	rx.wants(engine.StatusInterrupt)
}

// mumbling never resolves a name.
type mumbling struct{ engine.Transport }

func (mumbling) Resolve(ctx context.Context, _ engine.Path) ([]netip.Addr, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// A name server that does not answer is not taken for a host that does not.
func TestSenderTellsOfASlowName(t *testing.T) {
	tx := send(t, engine.Options{Threads: 1, Connect: soon, Timing: anxious()}, nil, func(n engine.Transport) engine.Transport {
		return mumbling{n}
	})
	tx.tells(`no receiver yet after .*: a:\d+: the name is not resolved yet`)
	tx.cancel()
	tx.wants(engine.StatusInterrupt)
}

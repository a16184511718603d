package engine_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"viamillipede/engine"
	"viamillipede/engine/enginetest"
	"viamillipede/engine/internal/stream"
	"viamillipede/engine/rig"
	"viamillipede/engine/schedule"
	"viamillipede/engine/wire"
	"viamillipede/netio"
)

// A link that an end gives up is told why, so that nobody takes its end for a death; see the table of outage.

// brief is steady, except for a link on which nothing is heard.
func brief() schedule.Timing {
	t := steady
	t.Dead, t.DeadPeer, t.Linger = 100*time.Millisecond, 300*time.Millisecond, soon
	return t
}

// untilBye reads frames up to a BYE with that reason, and then the end of the link.
func (h *hand) untilBye(why wire.Reason) {
	h.t.Helper()
	if got := h.untilType(wire.TypeBye).Bye(); got != (wire.Bye{Reason: why}) {
		h.t.Errorf("%+v, want the reason %v", got, why)
	}
	h.untilClosed()
}

func TestSenderSaysThatALinkIsSilent(t *testing.T) {
	tx := send(t, rig.Setup{Options: engine.Options{Threads: 1}, Hooks: rig.Hooks{Timing: brief()}}, nil, nil)
	h := tx.accept(8)
	h.untilBye(wire.ByeSilent)
}

// The link is in the middle of a leg, and the socket full: the rest of the leg leaves, and the word behind it, as soon as the
// peer reads again, while the sender dials again.
func TestSenderSaysSoAfterItsLeg(t *testing.T) {
	data := content(5, 8<<20)
	tx := send(t, rig.Setup{Options: engine.Options{Threads: 1, Leg: 1 << 20}, Hooks: rig.Hooks{Timing: brief()}}, data, nil)
	old := tx.accept(8, large)
	again := tx.connection(tx.door) // which is not welcomed yet
	legs := 0
	old.until(func(f wire.Header, payload []byte) bool {
		if f.Type == wire.TypeLeg {
			legs++
			if at := f.Leg().Offset; !bytes.Equal(payload, data[at:int(at)+len(payload)]) {
				t.Errorf("the leg at %d is broken", at)
			}
		}
		return f.Type == wire.TypeBye && f.Bye().Reason == wire.ByeSilent
	})
	if legs == 0 {
		t.Error("no leg was on its way")
	}
	again.c.Close()
}

// The successor of such a link is up: what is left of the old one is of no use.
func TestSuccessorEndsTheOldLink(t *testing.T) {
	tx := send(t, rig.Setup{Options: engine.Options{Threads: 1, Leg: 1 << 20}, Hooks: rig.Hooks{Timing: brief()}}, content(5, 8<<20), nil)
	old := tx.accept(8, large)
	tx.accept(8, large)
	old.untilClosed()
}

// large makes a receiver take legs of 1 MiB.
func large(w *wire.Welcome) { w.MaxLeg = 1 << 20 }

func TestReceiverSaysThatALinkIsSilent(t *testing.T) {
	rx := receive(t, rig.Setup{Hooks: rig.Hooks{Timing: brief()}}, enginetest.KindPipe, nil)
	h := rx.link(0)
	h.send(wire.Beat{}.Append(nil))
	h.untilBye(wire.ByeSilent)
}

func TestReceiverSaysThatALinkIsReplaced(t *testing.T) {
	rx := receive(t, rig.Setup{}, enginetest.KindPipe, nil)
	old := rx.link(0)
	old.send(newStream(1, 4096).frame(0))
	old.untilReceived(1)
	rx.link(0, func(h *wire.Hello) { h.Generation, h.Flags = 1, wire.FlagResume })
	old.untilBye(wire.ByeReplaced)
}

// The receiver has given a link up: its legs go on another one, and nobody is dead.
func TestSenderHearsThatALinkIsGivenUp(t *testing.T) {
	data := content(2, 100<<10)
	timing := steady
	timing.DeadPeer = 10 * time.Millisecond
	tx := send(t, rig.Setup{Options: engine.Options{Threads: 1, Leg: 64 << 10}, Hooks: rig.Hooks{Timing: timing}}, data, nil)
	old := tx.accept(8)
	old.frame()
	old.send(wire.Bye{Reason: wire.ByeSilent}.Append(nil))
	old.untilClosed()
	time.Sleep(2 * timing.DeadPeer)
	h := tx.accept(8)
	for came := 0; came < len(data); {
		h.until(func(f wire.Header, payload []byte) bool {
			if f.Type == wire.TypeLeg && !bytes.Equal(payload, data[f.B:int(f.B)+len(payload)]) {
				t.Errorf("the leg at %d is broken", f.B)
			}
			came += len(payload)
			return f.Type == wire.TypeLeg
		})
	}
	h.send(wire.Ack{Received: 2, Delivered: 2}.Append(nil))
	h.untilType(wire.TypeEnd)
	h.send(wire.Done{Legs: 2, Bytes: uint64(len(data))}.Append(nil))
	tx.wants(engine.StatusDone)
}

// A sender that says why it ends its links is not dead, and one that does not is.
func TestReceiverTellsAWordFromADeath(t *testing.T) {
	for _, c := range []struct {
		name string
		last []byte
		dead bool
	}{
		{"without a word", nil, true},
		{"silent", wire.Bye{Reason: wire.ByeSilent}.Append(nil), false},
		{"for no reason", wire.Bye{}.Append(nil), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			timing := brief()
			timing.Dead = time.Minute
			rx := receive(t, rig.Setup{Hooks: rig.Hooks{Timing: timing}}, enginetest.KindPipe, nil)
			got, s := rx.consume(), newStream(2, 4096)
			h := rx.link(0)
			h.send(s.frame(0))
			h.untilReceived(1)
			h.send(c.last)
			h.c.Close()
			if c.dead {
				rx.wants(engine.StatusLost)
				return
			}
			select {
			case r := <-rx.over:
				t.Fatalf("it ended: %v", r.err)
			case <-time.After(2 * timing.DeadPeer):
			}
			h = rx.link(0, func(h *wire.Hello) { h.Generation, h.Flags = 1, wire.FlagResume })
			h.send(s.frame(1))
			s.finish(rx, h, got)
		})
	}
}

// The consumer dies while there is no link: the receiver stays to tell its sender.
func TestReceiverKeepsItsErrorForTheSender(t *testing.T) {
	timing := brief()
	timing.Dead = time.Minute
	rx := receive(t, rig.Setup{Hooks: rig.Hooks{Timing: timing}}, enginetest.KindPipe, nil)
	h := rx.link(0)
	h.send(newStream(1, 4096).frame(0))
	h.untilReceived(1)
	h.send(wire.Bye{Reason: wire.ByeSilent}.Append(nil))
	h.untilClosed()
	rx.stdio.Far.Close()
	select {
	case r := <-rx.over:
		t.Fatalf("it ended: %v", r.err)
	case <-time.After(2 * timing.DeadPeer):
	}
	h = rx.link(0, func(h *wire.Hello) { h.Generation, h.Flags = 1, wire.FlagResume })
	if got := h.untilType(wire.TypeError).A; engine.Status(got) != engine.StatusLocalPipe {
		t.Errorf("status %d is told", got)
	}
	rx.wants(engine.StatusLocalPipe)
}

// A receiver that has delivered all lingers for a sender that has no link, and then ends well.
func TestReceiverLingers(t *testing.T) {
	timing := brief()
	timing.Dead, timing.DeadPeer, timing.Linger = time.Minute, soon, 200*time.Millisecond
	rx := receive(t, rig.Setup{Options: engine.Options{Giveup: -1}, Hooks: rig.Hooks{Timing: timing}}, enginetest.KindPipe, nil)
	rx.consume()
	s := newStream(1, 4096)
	h := rx.link(0)
	h.send(s.frame(0), s.end())
	h.untilType(wire.TypeDone)
	begun := time.Now()
	h.send(wire.Bye{Reason: wire.ByeSilent}.Append(nil))
	h.c.Close()
	rx.wants(engine.StatusDone)
	if took := time.Since(begun); took < timing.Linger {
		t.Errorf("it lingered for %v", took)
	}
}

// Everything was received, and the receiver is gone before it says that it is written.
func TestSenderKnowsWhatItDoesNotKnow(t *testing.T) {
	for _, c := range []struct {
		name string
		then func(tx *running)
		want string
	}{
		{"nobody is there", func(tx *running) { tx.door.Close() }, "its host has refused"},
		{"another one is there", func(tx *running) {
			tx.serve(func(c net.Conn) {
				welcomes(c, func(w *wire.Welcome) { *w = wire.Welcome{Version: wire.Version, Verdict: wire.VerdictUnknown} })
			})
		}, "another one is in its place"},
	} {
		t.Run(c.name, func(t *testing.T) {
			timing := brief()
			timing.Dead = time.Minute
			tx := send(t, rig.Setup{Options: engine.Options{Threads: 1, Giveup: -1}, Hooks: rig.Hooks{Timing: timing}}, content(2, 1000), nil)
			h := tx.accept(8)
			h.untilType(wire.TypeLeg)
			h.send(wire.Ack{Received: 1}.Append(nil))
			h.untilType(wire.TypeEnd)
			h.c.Close()
			c.then(tx)
			got := tx.wants(engine.StatusLost).err.Error()
			if want := "all 1000 bytes were received; whether they were written is not known"; !strings.Contains(got, want) || !strings.Contains(got, c.want) {
				t.Errorf("%q, want %q and %q", got, want, c.want)
			}
		})
	}
}

// hole swallows what is larger than a small packet, without a word.
var hole = adopting(func(c stream.Connection) stream.Conn { return &holeConn{Connection: c} })

type holeConn struct {
	stream.Connection
	swallowed int
}

func (c *holeConn) Send(a, b []byte) (int, error) {
	if n := len(a) + len(b); n > 1000 || c.swallowed > 0 {
		c.swallowed += n
		return n, nil
	}
	return c.Connection.Send(a, b)
}

func (c *holeConn) SendMore(a, b []byte) (int, error) { return c.Send(a, b) }

func (c *holeConn) SendFile(_ *netio.Source, _ int64, n int) (int, error) {
	c.swallowed += n
	return n, nil
}

func (c *holeConn) Queued() netio.Queue {
	return netio.Queue{Told: true, InNetwork: c.swallowed, RTT: time.Millisecond, MinRTT: time.Millisecond}
}

func (c *holeConn) Info() netio.Info { return netio.Info{MSS: 1448, CPU: -1} }

// Links come up, small packets pass, and payload does not: that is an outage, and the MTU is named. The receiver is told.
func TestBlackHoleIsAnOutage(t *testing.T) {
	timing := brief()
	timing.Dead, timing.Stall = 400*time.Millisecond, 50*time.Millisecond
	timing.Farewell = 2 * time.Second // for a link to come up, by which the receiver is told, on the busiest machine
	tx := send(t, rig.Setup{
		Options: engine.Options{Threads: 1, Giveup: time.Second},
		Hooks:   rig.Hooks{Timing: timing},
	}, content(2, 100<<10), hole)
	told := make(chan bool, 1)
	tx.serve(func(c net.Conn) { play(c, told) })
	got := tx.wants(engine.StatusLost).err.Error()
	if !strings.Contains(got, "packets of 1448 bytes do not arrive") || !strings.Contains(got, "MTU") {
		t.Error(got)
	}
	select {
	case <-told:
	case <-time.After(soon):
		t.Error("the receiver is not told")
	}
}

// play is a receiver's link that beats and listens for an error.
func play(c net.Conn, told chan<- bool) {
	if !welcomes(c) {
		return
	}
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
				c.Write(wire.Beat{}.Append(nil))
			}
		}
	}()
	for frame := make([]byte, wire.HeaderLen); ; {
		if _, err := io.ReadFull(c, frame); err != nil {
			return
		}
		if f, err := wire.ParseHeader(frame); err == nil && f.Type == wire.TypeError {
			select {
			case told <- true:
			default: // on another link, too
			}
		}
	}
}

// What ended the links proves nothing to the end that dials: after them comes silence, and giveup ends it.
func TestResetsThenSilenceAreGivenUp(t *testing.T) {
	timing := brief()
	timing.Dead, timing.DeadPeer = time.Minute, 20*time.Millisecond
	tx := send(t, rig.Setup{
		Options: engine.Options{Threads: 1, Giveup: 400 * time.Millisecond},
		Hooks:   rig.Hooks{Timing: timing},
	}, content(2, 1000), nil)
	h := tx.accept(8)
	h.untilType(wire.TypeLeg)
	tx.network.SetAddresses("a", enginetest.PathSilent)
	h.send(wire.Beat{}.Append(nil)) // a link that lived
	h.c.Close()
	if got := tx.wants(engine.StatusLost).err.Error(); !strings.Contains(got, "longer than giveup") {
		t.Error(got)
	}
}

// Of two connections of one link the one that was dialled later stays, in whichever order they come in; the other is told.
func TestOvertakenLinkIsTold(t *testing.T) {
	dialled := func(generation uint32) func(*wire.Hello) {
		return func(h *wire.Hello) { h.Generation = generation }
	}
	rx := receive(t, rig.Setup{}, enginetest.KindPipe, nil)
	got := rx.consume()
	s := newStream(1, 1000)
	later := rx.link(0, dialled(5))
	later.untilType(wire.TypeBeat)
	rx.link(0, dialled(3)).untilBye(wire.ByeReplaced)
	last := rx.link(0, dialled(6))
	later.untilBye(wire.ByeReplaced)
	last.send(s.frame(0))
	s.finish(rx, last, got)
}

// A sender that says goodbye on each link, as soon as it is up, brings the stream no further: the receiver gives up after giveup.
func TestGoodbyesAreNoProgress(t *testing.T) {
	rx := receive(t, rig.Setup{Options: engine.Options{Giveup: time.Second, Dead: -1}}, enginetest.KindPipe, nil)
	h := rx.link(0)
	h.send(wire.Leg{Number: 0, Length: 5}.Append(nil))
	h.send([]byte("words"))
	h.untilType(wire.TypeAck)
	h.c.Close()
	for begun, generation := time.Now(), uint32(1); time.Since(begun) < soon; generation++ {
		select {
		case got := <-rx.over:
			rx.over <- got
			rx.wants(engine.StatusLost)
			return
		default:
			leaves(rx.network, generation)
		}
	}
	t.Error("the receiver waits for ever")
}

// leaves opens a link of a sender, if it can be had, and says goodbye on it.
func leaves(n *enginetest.Net, generation uint32) {
	c, err := n.Dial(context.Background(), engine.Path{Host: "a", Port: port}, netip.Addr{}, 0)
	if err != nil {
		return
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(soon))
	hello := wire.Hello{Version: wire.Version, Stream: wire.StreamID{1}, Generation: generation, MaxLeg: 64 << 10, Links: 4, Flags: wire.FlagResume}
	c.Write(hello.Append(nil))
	if _, err := io.ReadFull(c, make([]byte, wire.WelcomeLen)); err == nil {
		c.Write(wire.Bye{Reason: wire.ByeSilent}.Append(nil))
		_, _ = io.Copy(io.Discard, c)
	}
}

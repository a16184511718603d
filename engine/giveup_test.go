package engine_test

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"viamillipede/engine"
	"viamillipede/engine/rig"
	"viamillipede/engine/wire"
)

// A receiver that welcomes each link, and to which nothing gets through, however it ends them: giveup is kept, though the kernel there
// has taken legs from each.
func TestGiveupWhereNothingGetsThrough(t *testing.T) {
	const giveup = 300 * time.Millisecond
	for _, c := range []struct {
		name string
		does func(h *hand)
	}{
		{"it reads nothing and says nothing", func(h *hand) { time.Sleep(giveup) }},
		{"it reads all and says nothing", func(h *hand) { io.Copy(io.Discard, h.c) }},
		{"it closes after a leg", func(h *hand) { h.frame() }},
		{"it acknowledges nothing, and closes", func(h *hand) {
			h.frame()
			h.c.Write(wire.Ack{}.Append(nil))
			h.frame()
		}},
		{"it has all of it, and closes", func(h *hand) {
			h.frame()
			h.c.Write(wire.Ack{Received: 1}.Append(nil))
			h.frame()
		}},
	} {
		for _, threads := range []int{1, 2} {
			t.Run(c.name+" on "+[]string{"", "one link", "two links"}[threads], func(t *testing.T) {
				t.Parallel()
				timing := brief()
				timing.Tick, timing.Tell = time.Millisecond, time.Millisecond
				o := rig.Setup{Options: engine.Options{Threads: threads, Giveup: giveup}, Hooks: rig.Hooks{Timing: timing}}
				tx := send(t, o, content(1, 1000), nil)
				tx.serve(func(conn net.Conn) {
					if welcomes(conn) {
						c.does(&hand{t: t, c: conn})
					}
				})
				got := tx.wants(engine.StatusLost).err.Error()
				if !strings.Contains(got, "giveup") {
					t.Errorf("it ends with %q", got)
				}
			})
		}
	}
}

// A receiver whose consumer has stopped lets nothing move, and says that it lives: that is no outage, however long it lasts, on links
// that last.
func TestStoppedConsumerIsNoOutage(t *testing.T) {
	for name, acks := range map[string]uint64{"with the leg in the socket": 0, "with the leg received": 1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const giveup = time.Second // longer than a busy machine keeps a thread waiting
			tx := send(t, rig.Setup{
				Options: engine.Options{Threads: 1, Giveup: giveup},
				Hooks:   rig.Hooks{Timing: steady},
			}, content(1, 1000), nil)
			h := tx.accept(8)
			h.untilType(wire.TypeLeg)
			h.send(wire.Ack{Received: acks}.Append(nil))
			for begun := time.Now(); time.Since(begun) < 3*giveup; {
				h.untilType(wire.TypeBeat) // each Timing.Beat
				h.send(wire.Beat{Sent: 1}.Append(nil))
			}
			h.send(wire.Ack{Received: 1, Delivered: 1}.Append(nil), wire.Done{Legs: 1, Bytes: 1000}.Append(nil))
			h.untilType(wire.TypeBye)
			h.c.Close()
			tx.wants(engine.StatusDone)
		})
	}
}

package receive

import (
	"testing"
	"time"

	"viamillipede/engine/doors"
	"viamillipede/engine/internal/stream"
	"viamillipede/engine/internal/stream/streamtest"
	"viamillipede/engine/loop"
	"viamillipede/engine/schedule"
	"viamillipede/engine/wire"
	"viamillipede/netio"
)

// far is a connection of which nothing is known but how far away the peer is.
type far struct {
	stream.Conn
	trip time.Duration
}

func (f far) Queued() netio.Queue { return netio.Queue{Told: true, RTT: f.trip} }

// A link may be silent for a round trip more than one to a near peer, because so long it takes until the sender can be heard at all.
func TestSilenceOfAFarSender(t *testing.T) {
	start := time.Unix(100, 0)
	r := &Receiver{time: schedule.Timing{Dead: 4 * time.Second}}
	for _, c := range []struct {
		trip, after time.Duration
		want        bool
	}{
		{trip: time.Millisecond, after: 3 * time.Second},
		{trip: time.Millisecond, after: 5 * time.Second, want: true},
		{trip: 5 * time.Second, after: 8 * time.Second},
		{trip: 5 * time.Second, after: 9 * time.Second, want: true},
		{trip: time.Hour, after: 33 * time.Second},
		{trip: time.Hour, after: 34 * time.Second, want: true},
	} {
		k := &rxlink{r: r, way: &doors.Way{}, Link: stream.Link{
			Conn: stream.Equip(far{trip: c.trip}), Loop: &loop.Loop{Now: start.Add(c.after)}, Heard: start,
		}}
		if got := k.silent(); got != c.want {
			t.Errorf("%v after a word from a peer %v away: silent %v, want %v", c.after, c.trip, got, c.want)
		}
	}
}

// A thread that had no CPU for long looks at what has come meanwhile before it calls a link dead.
func TestSilenceOfAThread(t *testing.T) {
	start := time.Unix(100, 0)
	for _, came := range []bool{true, false} {
		var words []byte
		if came {
			words = wire.Beat{}.Append(nil)
		}
		r := &Receiver{time: schedule.Timing{Dead: 4 * time.Second}}
		r.store.AckEvery = 1
		k := &rxlink{r: r, owner: &rxloop{r: r}, way: &doors.Way{}, Link: stream.Link{
			Conn: stream.Equip(&streamtest.Unread{Left: words}), Loop: &loop.Loop{Now: start.Add(9 * time.Second)}, Heard: start,
		}}
		if got := k.dead(); got == came {
			t.Errorf("something has come: %v; dead: %v", came, got)
		}
	}
}

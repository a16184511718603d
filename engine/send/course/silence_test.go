package course

import (
	"testing"
	"time"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/loop"
	"viamillipede/engine/schedule"
	"viamillipede/engine/ways"
	"viamillipede/engine/window"
	"viamillipede/netio"
)

// While a deep queue holds back what a peer would say, what its kernel acknowledges proves that it lives, and a link that carries
// nothing has time.
func TestSilenceBehindADeepQueue(t *testing.T) {
	start := time.Unix(100, 0)
	for _, c := range []struct {
		name         string
		deep, others bool
		carries      bool
		moved, after time.Duration
		trip         time.Duration
		want         bool
	}{
		{name: "no queue", others: true, carries: true, moved: 9 * time.Second, after: 10 * time.Second, want: true},
		{name: "heard a moment ago", deep: true, after: time.Second},
		{name: "far away", trip: 3 * time.Second, after: 6 * time.Second},
		{name: "far away, for too long", trip: 3 * time.Second, after: 7 * time.Second, want: true},
		{name: "a queue", deep: true, others: true, carries: true, after: 10 * time.Second},
		{name: "a queue, acknowledged", deep: true, others: true, carries: true, moved: 50 * time.Second, after: 60 * time.Second},
		{name: "a queue, nothing acknowledged", deep: true, others: true, carries: true, after: 60 * time.Second, want: true},
		{name: "a queue, all silent", deep: true, carries: true, after: 60 * time.Second, want: true},
		{name: "a queue, idle", deep: true, others: true, after: 60 * time.Second},
		{name: "a queue, idle for too long", deep: true, others: true, after: 200 * time.Second, want: true},
	} {
		f := &Fleet{Time: schedule.Timing{Dead: 4 * time.Second, Stall: time.Second}}
		k := &Link{Fleet: f, Path: ways.NewPath(stream.Path{}, 0), Link: stream.Link{Loop: &loop.Loop{Now: start.Add(c.after)}, Heard: start}}
		k.Queue.RTT = c.trip
		if c.carries {
			k.trips = make([]schedule.Trip, 1)
		}
		if c.deep {
			deepen(&k.Path.Flow, start)
		}
		k.headway.moved = start.Add(c.moved)
		if c.others {
			k.Path.Flow.Hear(k.Loop.Now)
		}
		if got := k.Silent(); got != c.want {
			t.Errorf("%s: silent %v, want %v", c.name, got, c.want)
		}
	}
}

// deepen makes the path hold 8 s of bytes at that time, after it brought some.
func deepen(f *schedule.PathFlow, at time.Time) {
	const rate, step = 20_000, 50 * time.Millisecond
	f.Look(10*rate, 0, at.Add(-2*time.Second))
	for t := at.Add(-2*time.Second + step); !t.After(at); t = t.Add(step) {
		f.Look(-rate/20, rate/20, t)
	}
}

// slack is a connection whose kernel says what a test has it say.
type slack struct {
	stream.Conn
	queue netio.Queue
}

func (c *slack) Queued() netio.Queue { return c.queue }

// What was acknowledged while a link carried nothing is no sign of life when it takes its next leg. Else a path that is dead lives as
// long as there is a link that has not tried it.
func TestOldAcknowledgementsAreNoNews(t *testing.T) {
	start := time.Unix(100, 0)
	f := &Fleet{
		Life: &stream.Life{Started: start}, Window: window.New(64, 0, 1<<20), Time: schedule.Timing{Dead: 4 * time.Second, Stall: time.Second},
	}
	c := &slack{}
	k := &Link{Fleet: f, Path: ways.NewPath(stream.Path{}, 0), Link: stream.Link{Loop: &loop.Loop{Now: start}, Conn: stream.Equip(c), Heard: start}}
	k.Proved, k.UpSince = true, start.Add(-time.Hour)
	k.Measure()                           // it carries nothing
	k.Path.Flow.Look(5000, 0, k.Loop.Now) // another link does

	c.queue = netio.Queue{Told: true, Acked: 1000, InNetwork: 5000, RTT: time.Millisecond, MinRTT: time.Millisecond}
	k.Loop.Now = start.Add(5 * time.Second)
	k.Carried, k.trips = []uint64{7}, []schedule.Trip{{From: k.Loop.Now}}
	k.Measure()
	if got := k.Path.Flow.Quiet(k.Loop.Now.Add(time.Second)); got < 6*time.Second {
		t.Errorf("the path is quiet for %v, though nothing has come", got)
	}
	if f.moved.Load() != 0 {
		t.Errorf("payload is said to have moved")
	}

	c.queue.Acked += 100
	k.Loop.Now = k.Loop.Now.Add(time.Second)
	k.Measure()
	if got := k.Path.Flow.Quiet(k.Loop.Now); got != 0 {
		t.Errorf("the path is quiet for %v, and something was acknowledged just now", got)
	}
	if f.moved.Load() == 0 {
		t.Errorf("no payload is said to have moved")
	}
}

// That small frames get through is no reason to think that payload does: where large packets are swallowed, each link in turn would give hope.
func TestSmallFramesAreNoHope(t *testing.T) {
	start := time.Unix(100, 0)
	f := &Fleet{
		Life: &stream.Life{Started: start}, Window: window.New(64, 0, 1<<20), Time: schedule.Timing{Dead: 4 * time.Second, Stall: time.Second},
	}
	c := &slack{queue: netio.Queue{Told: true, InNetwork: 5034, RTT: time.Millisecond, MinRTT: time.Millisecond}}
	k := &Link{Fleet: f, Path: ways.NewPath(stream.Path{}, 0), Link: stream.Link{Loop: &loop.Loop{Now: start}, Conn: stream.Equip(c), Heard: start}}
	k.UpSince, k.Said = start, 34
	k.Carried, k.trips = []uint64{7}, []schedule.Trip{{From: start}}
	k.Measure()

	look := func(acked uint64) {
		c.queue.Acked, c.queue.InNetwork = acked, 5034-int(acked)
		k.Loop.Now = k.Loop.Now.Add(time.Second)
		k.Measure()
	}
	look(34)
	if got := f.HopedAt(); got.After(start) {
		t.Errorf("payload seems to have moved after %v, and a small frame has", got.Sub(start))
	}
	look(35)
	if got := f.HopedAt(); !got.After(start) {
		t.Error("payload does not seem to move, although some has")
	}
}

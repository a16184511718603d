package window

import (
	"testing"
	"time"
)

// Links of the same path are of no use to a leg that waits in their common queue; links of others are.
func TestRescueOnTheSamePath(t *testing.T) {
	now := time.Unix(100, 0)
	for _, c := range []struct {
		name  string
		same  SameWay
		path  int
		fresh bool
		after time.Duration
		again bool // barred anew
		want  bool
	}{
		{"no queue", SameWay{}, 0, true, 0, false, true},
		{"a queue", SameWay{Queued: now.Add(time.Second)}, 0, false, 0, false, false},
		{"a queue that is through", SameWay{Queued: now.Add(time.Second)}, 0, false, time.Second, false, true},
		{"a queue that was not known at once", SameWay{}, 0, false, 0, true, false},
		{"a queue on another path", SameWay{Queued: now.Add(time.Second)}, 1, false, 0, false, true},
		{"it moves, and the other one has shown nothing", SameWay{Moving: now.Add(time.Second)}, 0, true, 0, false, false},
		{"it moves, and the other one is fast", SameWay{Moving: now.Add(time.Second)}, 0, false, 0, false, true},
		{"it stands", SameWay{Moving: now.Add(time.Second)}, 0, true, time.Second, false, true},
	} {
		w := New(8, 0, 1<<20)
		w.Add(InFile(1000), now)
		w.OnItsWay(0, 3, 0)
		if !w.Offer(0, time.Time{}, c.same) {
			t.Fatalf("%s: the leg is not offered", c.name)
		}
		if c.again {
			w.Bar(0, SameWay{Queued: now.Add(time.Minute)})
		}
		l, _ := w.Rescue(4, c.path, c.fresh, now.Add(c.after), time.Second, func(int) time.Duration { return 0 })
		if got := l != nil; got != c.want {
			t.Errorf("%s: rescued %v, want %v", c.name, got, c.want)
		}
	}
}

// A link that helps out and is lost leaves the leg as late on the first one as it was: other links are asked again.
func TestHelperIsLost(t *testing.T) {
	now := time.Unix(100, 0)
	w := New(8, 0, 1<<20)
	w.Add(InFile(1000), now)
	w.OnItsWay(0, 3, 0)
	w.Offer(0, time.Time{}, SameWay{})
	help := func(link int) bool {
		l, from := w.Rescue(link, 1, false, now, time.Second, func(int) time.Duration { return 0 })
		if l != nil && from != 0 {
			t.Errorf("link %d helps out path %d, want 0", link, from)
		}
		if l != nil {
			w.OnItsWay(0, link, 1)
		}
		return l != nil
	}
	if !help(4) || help(5) {
		t.Fatal("one link is to help out, and no more")
	}
	if n := w.Lost([]uint64{0}, 4); n != 0 {
		t.Errorf("%d legs are on no link, want 0", n)
	}
	if help(3) || !help(4) {
		t.Error("another link than the one that is late is to help out again")
	}
}

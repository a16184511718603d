package loop

import (
	"os"
	"testing"
	"time"

	"viamillipede/engine/schedule"
)

// A loop has a thread of its own once a tick finds it busy, and for some ticks after that.
func TestRestIsForTheQuiet(t *testing.T) {
	r := rest{quiet: schedule.QuietTicks}
	rounds := uint64(0)
	tick := func(what string, more uint64, calm, want bool) {
		t.Helper()
		rounds += more
		if r.note(rounds, calm); r.rests() != want {
			t.Errorf("%s: rests %v, want %v", what, r.rests(), want)
		}
	}
	if !r.rests() {
		t.Error("it begins with a thread")
	}
	tick("a heartbeat", 3, true, true)
	tick("somebody types", schedule.RoundsQuiet, true, true)
	tick("many rounds", schedule.RoundsQuiet+1, true, false)
	for range schedule.QuietTicks - 1 {
		tick("just after", 0, true, false)
	}
	tick("for long enough", 0, true, true)
	tick("few rounds, but a leg is on its way", 1, false, false)
	tick("it has arrived", 1, true, false)
	tick("more", schedule.RoundsQuiet+1, true, false)
	tick("and none", 0, true, false)
	tick("still none", 0, true, true)
}

// Many loops that are tied to no CPU and have little to do share a few threads.
func TestQuietLoopsShareThreads(t *testing.T) {
	const many = 100
	before := threads(t)
	var loops []*Loop
	for i := range many {
		l, err := New(i, -1, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		l.Tick, l.After = func() {}, func() bool { return false }
		loops = append(loops, l)
		go l.Run()
	}
	for round := range 3 {
		for i, l := range loops {
			if got := Ask(l, 30*time.Second, func() []int { return []int{i} }); len(got) != 1 || got[0] != i {
				t.Fatalf("round %d: loop %d answers %v", round, i, got)
			}
		}
	}
	if more := threads(t) - before; more > many/2 {
		t.Errorf("%d threads for %d loops", more, many)
	}
	if !HaltAll(loops, 30*time.Second) {
		t.Error("they do not end")
	}
	for _, l := range loops {
		l.Close()
	}
}

// threads is how many threads the process has.
func threads(t *testing.T) int {
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	return len(tasks)
}

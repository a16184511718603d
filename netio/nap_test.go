package netio

import (
	"os"
	"sync"
	"testing"
	"time"
)

// long is more than a test should take.
const long = 30 * time.Second

// Rest finds what Wait finds: what is ready already, what becomes ready meanwhile, and nothing.
func TestRest(t *testing.T) {
	p := poller(t)
	wake, err := NewWake()
	if err != nil {
		t.Fatal(err)
	}
	defer wake.Close()
	if err := p.Add(wake.FD(), Readable, 7); err != nil {
		t.Fatal(err)
	}
	expect := func(what string, want int, wait func() ([]Event, error)) {
		t.Helper()
		events, err := wait()
		if err != nil || len(events) != want || want == 1 && events[0] != (Event{7, Readable}) {
			t.Fatalf("%s: %v, %v", what, events, err)
		}
	}
	rest := func(d time.Duration) func() ([]Event, error) { return func() ([]Event, error) { return p.Rest(d) } }
	for range 3 {
		expect("nothing is ready", 0, rest(time.Millisecond))
		wake.Signal()
		expect("ready before", 1, rest(long))
		expect("still ready", 1, rest(long))
		expect("ready, although there was no time to look", 1, rest(time.Nanosecond))
		expect("Wait finds it too", 1, func() ([]Event, error) { return p.Wait(0) })
		wake.Clear()
		go wake.Signal()
		expect("ready meanwhile, or just before", 1, rest(long))
		wake.Clear()
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if err := p.Add(wake.FD(), Readable, 7); err == nil {
		t.Error("a closed Poller takes a descriptor")
	}
	if err := p.Close(); err != os.ErrClosed {
		t.Errorf("closed twice: %v", err)
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

// Many who rest have no threads.
func TestRestNeedsNoThread(t *testing.T) {
	const many = 100
	var pollers, woken sync.WaitGroup
	wakes := make([]*Wake, many)
	before := threads(t)
	for i := range wakes {
		p := poller(t)
		var err error
		if wakes[i], err = NewWake(); err != nil {
			t.Fatal(err)
		}
		defer wakes[i].Close()
		if err := p.Add(wakes[i].FD(), Readable, 1); err != nil {
			t.Fatal(err)
		}
		pollers.Add(1)
		woken.Go(func() {
			pollers.Done()
			if events, err := p.Rest(long); err != nil || len(events) != 1 {
				t.Errorf("woken by %v, %v", events, err)
			}
		})
	}
	pollers.Wait()
	now := threads(t)
	for _, w := range wakes {
		w.Signal()
	}
	woken.Wait()
	if more := max(now, threads(t)) - before; more > many/2 { // Go keeps those that it has made
		t.Errorf("%d threads for %d pollers", more, many)
	}
}

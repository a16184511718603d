package engine

import "testing"

// What was posted while a thread was in the middle of its round is called in the rest of that round, which another thread does:
// the wake-up that came with it may be answered already.
func TestRestOfARoundCallsAllThatWasPosted(t *testing.T) {
	l, err := newLoop(0, -1, DefaultTiming.Tick, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer l.close()
	var called []string
	l.batch = []func(){func() { called = append(called, "left") }}
	l.post(func() { called = append(called, "posted") })
	l.ready(0)
	l.runPosted()
	if len(called) != 2 || called[0] != "left" || called[1] != "posted" {
		t.Errorf("called %v", called)
	}
}

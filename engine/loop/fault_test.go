package loop

import (
	"strings"
	"testing"
	"time"

	"viamillipede/engine/schedule"
)

// A fault in a call that may wait ends the loop as any other does, once: nobody takes it over afterwards.
func TestFaultInACall(t *testing.T) {
	l, s, faults := faulty(t)
	go l.Run()
	l.Post(func() { l.Away(s, func() { panic("the call") }) })
	select {
	case <-l.Done():
	case <-time.After(time.Minute):
		t.Fatal("it does not end")
	}
	l.look()
	l.look()
	if n := l.InKernel(); n != 0 {
		t.Errorf("%d threads took over a loop that has ended", n)
	}
	checkFaults(t, faults)
}

// The thread of such a call may have lost the loop meanwhile: that goes on, and says so to the peer on its links.
func TestFaultInACallThatWasOvertaken(t *testing.T) {
	l, s, faults := faulty(t)
	s.Lapses = func() func() { return func() {} }
	go l.Run()
	l.Post(func() { l.Away(s, func() { panic("the call") }) })
	for end := time.Now().Add(time.Minute); len(faults) == 0 && time.Now().Before(end); time.Sleep(time.Millisecond) {
	}
	checkFaults(t, faults)
	runs := make(chan struct{})
	if !l.Post(func() { close(runs) }) {
		t.Fatal("the loop has ended under the thread that runs it")
	}
	select {
	case <-runs:
	case <-time.After(time.Minute):
		t.Fatal("it does not go on")
	}
	if !HaltAll([]*Loop{l}, time.Minute) {
		t.Error("it does not end")
	}
	if !l.Broken() {
		t.Error("it does not know of the fault")
	}
}

// A fault in what is left to do at the end is the caller's to tell.
func TestFaultAtTheEnd(t *testing.T) {
	l, _, _ := faulty(t)
	go l.Run()
	begun := time.Now()
	done, fault := HaltThen([]*Loop{l}, func() { panic("the end") })
	if done || fault == nil || !strings.Contains(fault.Error(), "the end") {
		t.Errorf("%v, with a fault of %v", done, fault)
	}
	if took := time.Since(begun); took >= schedule.TidyMost {
		t.Errorf("it took %v", took)
	}
}

// faulty is a loop, an end of its stream, and the faults that it has.
func faulty(t *testing.T) (*Loop, *Shore, chan any) {
	l, err := New(0, -1, time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	faults := make(chan any, 10)
	l.Tick, l.After, l.Fault = func() {}, func() bool { return false }, func(p any) { faults <- p }
	return l, &Shore{Freed: func() {}}, faults
}

func checkFaults(t *testing.T, faults <-chan any) {
	t.Helper()
	if len(faults) != 1 {
		t.Fatalf("%d faults", len(faults))
	}
	if err, ok := (<-faults).(error); !ok || !strings.Contains(err.Error(), "the call") {
		t.Errorf("a fault of %v", err)
	}
}

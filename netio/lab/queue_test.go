package lab

import (
	"runtime"
	"testing"
)

func TestMask(t *testing.T) {
	for want, cpus := range map[string][]int{
		"0": nil, "1": {0}, "3": {1, 0}, "80000000": {31}, "2,00000000": {33}, "1,00000000,00000001": {0, 64},
	} {
		if got := mask(cpus); got != want {
			t.Errorf("CPUs %d: %s, want %s", cpus, got, want)
		}
	}
}

func TestSpread(t *testing.T) {
	l := New(t, Config{Paths: 1, Queues: 2})
	for queue := range 2 {
		must(t, l.Spread(RX, 0, queue, 0))
		must(t, l.Spread(TX, 0, queue))
		must(t, l.Choose(TX, 0, queue, queue%runtime.NumCPU()))
	}
	if err := l.Spread(RX, 0, 2, 0); err == nil {
		t.Error("a device with 2 queues has 3")
	}
	a, b := connect(t, l, 0)
	if !hears(t, a, b, testTime) {
		t.Error("nothing passes")
	}
}

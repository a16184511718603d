package lab

import "testing"

func TestSpread(t *testing.T) {
	l := New(t, Config{Paths: 1, Queues: 2})
	for queue := range 2 {
		must(t, l.Spread(RX, 0, queue, 1))
		must(t, l.Spread(TX, 0, queue, 0))
		must(t, l.Choose(TX, 0, queue, 1<<queue))
	}
	if err := l.Spread(RX, 0, 2, 1); err == nil {
		t.Error("a device with 2 queues has 3")
	}
	a, b := connect(t, l, 0)
	if !hears(t, a, b, testTime) {
		t.Error("nothing passes")
	}
}

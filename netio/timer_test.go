package netio_test

import (
	"testing"
	"time"

	"viamillipede/netio"
)

// A timer is reported once for each time that it is set, and not before its time.
func TestTimer(t *testing.T) {
	p, err := netio.NewPoller()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	timer, err := netio.NewTimer()
	if err != nil {
		t.Fatal(err)
	}
	defer timer.Close()
	if err := p.Add(timer.FD(), netio.Readable|netio.Edge, 7); err != nil {
		t.Fatal(err)
	}
	expect := func(wait, want int) {
		t.Helper()
		events, err := p.Wait(wait)
		if err != nil || len(events) != want {
			t.Fatalf("%d events, %v; want %d", len(events), err, want)
		}
	}
	expect(0, 0)
	for _, d := range []time.Duration{200 * time.Microsecond, 0, -time.Second, 3 * time.Millisecond} {
		begun := time.Now()
		if err := timer.Set(d); err != nil {
			t.Fatal(err)
		}
		expect(10_000, 1)
		if took := time.Since(begun); took < d {
			t.Errorf("%v took %v", d, took)
		}
		expect(0, 0)
	}
}

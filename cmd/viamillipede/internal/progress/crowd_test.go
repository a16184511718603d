package progress

import (
	"testing"
	"time"
)

func TestCrowdLine(t *testing.T) {
	c := Crowd{Running: 3, Most: 16, Served: 120, Failed: 2, Bytes: 13314398617}
	for columns, want := range map[int]string{
		79: "3 of 16 streams  120 served  12.4 GiB  1.21 GiB/s  10.4 Gbit/s  2 failed",
		60: "3 of 16 streams  120 served  12.4 GiB  1.21 GiB/s  2 failed",
		50: "3 of 16 streams  120 served  1.21 GiB/s  2 failed",
		39: "3 of 16 streams  1.21 GiB/s  2 failed",
		20: "3 of 16 streams  1.2",
	} {
		if got := CrowdLine(c, 1299227607, columns); got != want {
			t.Errorf("%d columns: %q, want %q", columns, got, want)
		}
	}
	if got, want := CrowdLine(Crowd{Most: 1}, 0, 79), "0 of 1 stream  0 served  0 B  0 B/s  0 bit/s"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestPace: the rate is that of the last seconds, also after a long time.
func TestPace(t *testing.T) {
	var p Pace
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	rate := 0.0
	for i := range 21 { // 10 MB/s
		rate = p.Look(start.Add(time.Duration(i)*500*time.Millisecond), uint64(i)*5e6)
	}
	if rate != 10e6 {
		t.Errorf("%f", rate)
	}
	for i := 21; i < 25; i++ {
		rate = p.Look(start.Add(time.Duration(i)*500*time.Millisecond), 20*5e6)
	}
	if rate != 0 || len(p.looks) > 6 {
		t.Errorf("%f, %d looks", rate, len(p.looks))
	}
}

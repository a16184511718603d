package schedule

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

const ms = time.Millisecond

func TestETA(t *testing.T) {
	const mb = 1_000_000
	for _, c := range []struct {
		name  string
		p     Prospect
		bytes int
		want  time.Duration
	}{
		{"half the trip and the leg itself", Prospect{Rate: mb, RTT: 20 * ms, Trip: 20 * ms}, 10_000, 20 * ms},
		{"what is unsent goes before", Prospect{Rate: mb, Unsent: 30_000}, 10_000, 40 * ms},
		{"a queue in the round trip", Prospect{Rate: mb, RTT: 120 * ms, Trip: 20 * ms}, 10_000, 120 * ms},
		{"a queue that the round trip does not show yet", Prospect{Rate: mb, InNetwork: 520_000, RTT: 20 * ms, Trip: 20 * ms}, 10_000, 520 * ms},
		{"what a long path holds is no queue", Prospect{Rate: mb, InNetwork: 200_000, RTT: 200 * ms, Trip: 200 * ms}, 10_000, 110 * ms},
		{"nothing comes through", Prospect{Rate: mb, Overdue: time.Second}, 10_000, time.Second},
		{"an unknown rate", Prospect{RTT: 20 * ms, Trip: 20 * ms}, 10_000, 60 * ms},
		{"a rate that is nearly nothing", Prospect{Rate: 1e-9}, 10_000, ForEver},
	} {
		if got := c.p.ETA(c.bytes); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestGate(t *testing.T) {
	slow := Prospect{Rate: 100_000, Carried: 1} // 40 ms for a leg of 4000 bytes
	for _, c := range []struct {
		name     string
		p        Prospect
		absorbed time.Duration
		best     time.Duration
		alone    bool
		want     bool
	}{
		{"in time", slow, 40 * ms, 0, false, true},
		{"too late", slow, 39 * ms, 0, false, false},
		{"nearly as good as the best", slow, 0, 20 * ms, false, true},
		{"too late for nobody", slow, 0, 0, true, true},
		{"doubted", Prospect{Rate: 100_000, Carried: 1, Doubt: 1}, 79 * ms, 0, false, false},
		{"doubted, and fast enough", Prospect{Rate: 100_000, Carried: 1, Doubt: 1}, 80 * ms, 0, false, true},
		{"a long way is not doubted", Prospect{Rate: 1e9, Carried: 1, Doubt: 15, RTT: 200 * ms, Trip: 200 * ms}, 101 * ms, 0, false, true},
		{"tried again", Prospect{Rate: 100_000, Idle: probePause}, 0, 0, false, true},
		{"not yet", Prospect{Rate: 100_000, Idle: probePause - 1}, 0, 0, false, false},
		{"tried, with a leg under way", Prospect{Rate: 100_000, Carried: 1, Idle: probePause}, 0, 0, false, false},
		{"unknown, the first leg", Prospect{}, ms, 0, false, true},
		{"unknown, the second leg", Prospect{Carried: 1}, time.Hour, 0, false, false},
	} {
		if got := c.p.MayTake(4000, c.absorbed, c.best, c.alone); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

// A leg is late after it should have arrived, never at once, and before the window is used up unless that is at once.
func TestLate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) time.Duration {
			return time.Duration(rapid.Int64Range(0, int64(10*time.Second)).Draw(t, name))
		}
		eta, misses, rtt, absorbed := draw("eta"), draw("misses"), draw("rtt"), draw("absorbed")
		got := Late(eta, misses, rtt, absorbed)
		if got < LateLeast || got > max(LateLeast, absorbed) {
			t.Fatalf("late after %v", got)
		}
		if absorbed >= got && got < eta && absorbed > eta {
			t.Fatalf("late after %v, expected after %v", got, eta)
		}
	})
}

func TestSizeOfLeg(t *testing.T) {
	for _, c := range []struct {
		rate  float64
		takes time.Duration
		want  int
	}{
		{0, LegTime, MinLeg},
		{125_000, LegTime, MinLeg},         // 1 Mbit/s: 33 ms
		{1_250_000, LegTime, 60 << 10},     // 10 Mbit/s: what it sends in smallTime
		{12_500_000, LegTime, 64 << 10},    // 100 Mbit/s: smallLeg
		{125_000_000, LegTime, 608 << 10},  // 1 Gbit/s: LegTime
		{12_500_000_000, LegTime, 1 << 20}, // 100 Gbit/s: the limit
		{12_500_000, 40 * ms, 488 << 10},   // many links in a small window
		{1e300, time.Hour, 1 << 20},        // no overflow
	} {
		if got := SizeOfLeg(c.rate, c.takes, 1<<20); got != c.want {
			t.Errorf("%.0f bytes a second, %v: %d, want %d", c.rate, c.takes, got, c.want)
		}
	}
}

// The legs of a whole window last long enough for the longest path.
func TestTimeOfLeg(t *testing.T) {
	for _, longest := range []time.Duration{0, 10 * ms, 200 * ms} {
		for _, links := range []int{1, 4, 16, 64} {
			const credit = 240
			lasts := TimeOfLeg(links, credit, longest) * credit / time.Duration(links)
			if least := max(windowTime, windowTrips*longest); lasts < least-ms {
				t.Errorf("%d links, round trip %v: a window of %v, want %v", links, longest, lasts, least)
			}
		}
	}
}

// A speed follows what the peer's kernel acknowledges, and only while the link has more to send.
func TestSpeed(t *testing.T) {
	var s Speed
	now := time.Unix(1, 0)
	s.Depart(now)
	now = now.Add(10 * ms)
	s.Arrive([]Trip{{From: now.Add(-10 * ms), Expects: now, Bytes: 10_000}}, now, 0, false)
	if s.Rate != 1e6 {
		t.Fatalf("the first leg shows %.0f", s.Rate)
	}
	acked := uint64(0)
	run := func(rate float64, lacks bool, rounds int) {
		for range rounds {
			now = now.Add(10 * ms)
			acked += uint64(rate / 100)
			s.Look(acked, lacks, 0, 0, now)
		}
	}
	run(5e6, false, 50)
	if s.Rate < 4.9e6 || s.Rate > 5.1e6 {
		t.Errorf("%.0f after half a second at 5 MB/s", s.Rate)
	}
	run(1e5, true, 50)
	if s.Rate < 4.9e6 {
		t.Errorf("%.0f after half a second with little to do", s.Rate)
	}
	run(1e5, false, 50)
	if s.Rate > 2e5 {
		t.Errorf("%.0f after half a second at 0.1 MB/s", s.Rate)
	}
	s.Depart(now)
	s.Arrive([]Trip{{From: now, Expects: now, Bytes: 100_000, Offered: true}}, now.Add(ms), 0, true)
	if s.Rate > 2e5 {
		t.Errorf("%.0f after a leg that another link may have brought", s.Rate)
	}
}

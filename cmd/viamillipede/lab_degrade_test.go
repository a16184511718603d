package main_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"viamillipede/netio/lab"
)

// What a path that fails may cost.
const (
	dipMost    = 1500 * time.Millisecond // in which less than dipUnder of what the other paths carry arrives
	returnMost = 3 * time.Second         // until a path that is well again sends returnedAt of its rate

	degradeRate = 200 // Mbit/s

	dipUnder   = 0.9
	returnedAt = 0.5

	lookBack = 300 * time.Millisecond // over which a path's rate is taken: more than what its own queue holds
)

// trouble is what happens to a path, and how it ends.
type trouble struct {
	name       string
	begin, end func(l *lab.Lab, path int, rate uint64) error
}

// troubles come one after the other.
var troubles = []trouble{
	{
		"1 % of the rate",
		func(l *lab.Lab, path int, rate uint64) error { return l.Shape(path, rate/100) },
		func(l *lab.Lab, path int, rate uint64) error { return l.Shape(path, rate) },
	},
	{
		"all packets lost",
		func(l *lab.Lab, path int, _ uint64) error { return l.Drop(path) },
		func(l *lab.Lab, path int, _ uint64) error { return l.Undrop(path) },
	},
}

// testDegrade: a path that becomes slow, or loses everything with its devices up, costs the stream what it carried and a
// short dip; when it is well again it is used again.
func (p programs) testDegrade(t *testing.T) {
	notUnderRace(t)
	l := pathsOf(t, []uint64{degradeRate, degradeRate, degradeRate})
	if !l.Filters() {
		t.Log("no packet filter in this kernel: neighbours are pinned to nowhere instead")
	}
	bare := bareRates(t, l, upTo(l.Paths())...).goodput
	t.Run("First", func(t *testing.T) { p.degrade(t, l, bare, 0) })
	t.Run("Last", func(t *testing.T) { p.degrade(t, l, bare, l.Paths()-1) })
}

// degrade brings trouble to the victim among the paths of l, of which each carries bare bytes per second.
func (p programs) degrade(t *testing.T, l *lab.Lab, bare []float64, victim int) {
	lasts := long(8*time.Second, 2*time.Second)
	settles := long(3*time.Second, 700*time.Millisecond)
	others := sum(bare) - bare[victim]
	s := p.start(t, l, endlessly(6))
	s.wait(s.out.At(1), "the first byte")
	r := s.record()
	s.pass(settles)
	for _, trouble := range troubles {
		r.mark(fmt.Sprintf("path %d: %s", victim+1, trouble.name))
		s.must(trouble.begin(l, victim, degradeRate*1_000_000))
		s.pass(lasts)
		r.mark(fmt.Sprintf("path %d: well again", victim+1))
		s.must(trouble.end(l, victim, degradeRate*1_000_000))
		s.until("the path is used again", s.sends(victim, returnedAt*bare[victim]))
		r.mark("")
		s.pass(settles)
	}
	r.stop()
	s.enough()
	s.finish()

	report := func(when string, from, to time.Time) {
		dip, under, low := dips(r.samples, from, to, dipUnder*others)
		t.Logf("degrade path %d, %s: longest dip %.1f s, dips in all %.1f of %.1f s, lowest %.0f %% of the other paths' %.1f MB/s",
			victim+1, when, dip.Seconds(), under.Seconds(), to.Sub(from).Seconds(), 100*low/others, others/mb)
		if dip > dipMost {
			t.Errorf("%s: under %.0f %% for %v, want at most %v", when, 100*dipUnder, dip, dipMost)
		}
	}
	marks := append(r.marks, mark{at: r.samples[len(r.samples)-1].At})
	for i, trouble := range troubles {
		begun, ended, used, next := marks[3*i].at, marks[3*i+1].at, marks[3*i+2].at, marks[3*i+3].at
		report(trouble.name, begun, ended)
		report("after "+trouble.name, ended, next)
		took := used.Sub(ended)
		t.Logf("degrade path %d, after %s: used again after %.2f s", victim+1, trouble.name, took.Seconds())
		if took > returnMost {
			t.Errorf("after %s: used again after %v, want at most %v", trouble.name, took, returnMost)
		}
	}
}

func (s *stream) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// sends gives a question: has path i sent at least rate bytes per second, over lookBack?
func (s *stream) sends(i int, rate float64) func() bool {
	type count struct {
		at   time.Time
		sent uint64
	}
	var counts []count
	return func() bool {
		sent, err := s.lab.Sent(s.setup.senderSide, i)
		s.must(err)
		counts = append(counts, count{time.Now(), sent})
		for len(counts) > 1 && time.Since(counts[1].at) >= lookBack {
			counts = counts[1:]
		}
		took := time.Since(counts[0].at)
		return took >= lookBack && float64(sent-counts[0].sent) >= rate*took.Seconds()
	}
}

// dips gives the longest time between from and to in which every sample had less than rate bytes per second at the
// consumer, all such time, and the lowest rate that any sample had.
func dips(samples []lab.Sample, from, to time.Time, rate float64) (longest, under time.Duration, lowest float64) {
	var dip time.Duration
	lowest = math.Inf(1)
	for i := range len(samples) - 1 {
		a, b := samples[i], samples[i+1]
		if a.At.Before(from) || b.At.After(to) {
			continue
		}
		took := b.At.Sub(a.At)
		now := float64(b.Moved-a.Moved) / took.Seconds()
		lowest = min(lowest, now)
		if now >= rate {
			dip = 0
			continue
		}
		dip += took
		under += took
		longest = max(longest, dip)
	}
	return longest, under, lowest
}

package main_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"viamillipede/netio/lab"
)

// Promise 5: a link that is lost, a path that never answered, a name that does not resolve: bypassed, tried again, reported; a
// path that comes back is used again.

// pathRate is what each path carries in the tests of this file, in bits per second. It keeps legs in flight when a
// path is taken away.
const pathRate = 400_000_000

// shaped makes a lab of n paths of pathRate.
func shaped(t *testing.T, n int) *lab.Lab {
	t.Helper()
	l := lab.New(t, lab.Config{Paths: n})
	for i := range n {
		if err := l.Shape(i, pathRate); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

// TestP5PathsDown: each path in turn is taken away in the middle of the stream, which goes on without it, and is used
// again when it is back.
func TestP5PathsDown(t *testing.T) {
	p := hosts(t)
	p.pathsInTurn(t, (*lab.Lab).PathDown, (*lab.Lab).PathUp)
}

// TestP5PathsSwallow is the same for paths that swallow packets: neither host's kernel knows.
func TestP5PathsSwallow(t *testing.T) {
	p := hosts(t)
	p.pathsInTurn(t, (*lab.Lab).Blackhole, (*lab.Lab).Heal)
}

func (p programs) pathsInTurn(t *testing.T, away, back func(*lab.Lab, int) error) {
	const paths = 3
	stage := small[int64](96*mib, 48*mib)
	l := shaped(t, paths)
	in := lab.NewGate()
	in.Hold(0)
	s := p.start(t, l, setup{
		size: (paths + 1) * stage, limit: 3 * time.Minute, in: in,
		words: []string{"threads", "6", "window", "32M", "verbose", "2"},
	})
	for i := range paths {
		start := int64(i) * stage
		s.until(fmt.Sprintf("links on path %d before it goes", i), func() bool { return s.links(i) > 0 })
		in.Hold(start + stage)
		s.wait(s.out.At(start+stage/4), fmt.Sprintf("the stream before path %d goes", i))
		if err := away(l, i); err != nil {
			t.Fatal(err)
		}
		s.wait(s.out.At(start+stage), fmt.Sprintf("the stream without path %d", i))
		ports := s.localPorts(i)
		if err := back(l, i); err != nil {
			t.Fatal(err)
		}
		s.until(fmt.Sprintf("new links on path %d", i), func() bool { return s.hasNewLink(i, ports) })
	}
	in.Open()
	s.finish()
}

// localPorts gives the sender's ports of the links on path i.
func (s *stream) localPorts(i int) (ports []uint16) {
	s.t.Helper()
	list, err := s.lab.Connections(s.setup.senderSide, labPort)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, c := range list {
		if c.Remote.Addr().String() == s.lab.Address(lab.RX, i) {
			ports = append(ports, c.Local.Port())
		}
	}
	return ports
}

// hasNewLink reports whether path i has a link other than those of the ports given, or still has all of those: a path
// that was away for less time than it takes to notice keeps its links, which is right too.
func (s *stream) hasNewLink(i int, old []uint16) bool {
	s.t.Helper()
	now := s.localPorts(i)
	isNew := func(port uint16) bool { return !slices.Contains(old, port) }
	return slices.ContainsFunc(now, isNew) || len(old) > 0 && len(now) == len(old)
}

// The paths of TestP5BadPaths: two that are good, and those that are not.
const (
	goodPaths  = 2
	swallowing = 2 // index of the path that swallows packets
)

// TestP5BadPaths: a path that is no good neither delays the stream nor ends it, wherever it stands in the list.
func TestP5BadPaths(t *testing.T) {
	p := hosts(t)
	const firstByte = 4 * time.Second // an attempt to connect takes 5 s
	const all = 10 * time.Second
	bad := []struct {
		name, host, port string
		answered         bool // the fault shows before so short a stream is over
	}{
		{"Silent", "198.18.2.2", "4545", false},
		{"Refused", "198.18.0.2", "4546", true},
		{"Unknown", "no-such-host.invalid", "4545", true},
	}
	for _, b := range bad {
		for place, where := range []string{"First", "Middle", "Last"} {
			t.Run(b.name+where, func(t *testing.T) {
				l := lab.New(t, lab.Config{Paths: swallowing + 1})
				if err := l.Blackhole(swallowing); err != nil {
					t.Fatal(err)
				}
				words := toPaths(l, upTo(goodPaths)...)
				s := p.start(t, l, setup{
					size: 16 * mib, limit: settleTime, words: []string{"threads", "6", "verbose", "3"},
					to: slices.Insert(words, 3*place, "tx", b.host, b.port),
				})
				s.wait(s.out.At(1), "the first byte")
				if took := time.Since(s.started); took > firstByte && !labRace {
					t.Errorf("the first byte came after %v, want at most %v", took, firstByte)
				}
				s.finish()
				if took := time.Since(s.started); took > all {
					t.Errorf("the stream took %v, want at most %v", took, all)
				}
				if said := s.txSaid.String(); b.answered && !strings.Contains(said, b.host+":"+b.port+": link") {
					t.Errorf("the sender does not report %s", b.host)
				}
			})
		}
	}
}

// TestP5PathReturns: a path that was down for longer than the longest pause between two attempts has a link again at once when
// it is back. Where the far end was down, the kernel may be in the middle of asking for it, once a second. How soon that is, is
// measured by make lab; that a change wakes whoever waits is tested in the engine, without a clock.
func TestP5PathReturns(t *testing.T) {
	p := long(alone, hosts)(t)
	const pauseMost = 2 * time.Second
	soon := [...]time.Duration{lab.TX: 500 * time.Millisecond, lab.RX: 1500 * time.Millisecond}
	l := lab.New(t, lab.Config{Paths: 2})
	in := lab.NewGate()
	const size = 32 * mib
	in.Hold(size / 2)
	s := p.start(t, l, setup{
		size: size, limit: 4 * time.Minute, in: in, words: []string{"threads", "4", "verbose", "3"},
	})
	for _, end := range []lab.Side{lab.TX, lab.RX} {
		s.until("links on path 1", func() bool { return s.links(1) > 0 })
		if err := l.EndDown(end, 1); err != nil {
			t.Fatal(err)
		}
		s.until("no links on path 1", func() bool { return s.links(1) == 0 })
		<-time.After(2 * pauseMost)
		if err := l.EndUp(end, 1); err != nil {
			t.Fatal(err)
		}
		back := time.Now()
		s.until("a new link on path 1", func() bool { return s.links(1) > 0 })
		took := time.Since(back)
		t.Logf("%v end: a link came after %v", end, took)
		if took > soon[end] && long(true, false) {
			t.Errorf("%v end: a link came after %v, want at most %v", end, took, soon[end])
		}
	}
	in.Open()
	s.finish()
}

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

// TestP5Degrade: a path that becomes slow, or loses everything with its devices up, costs the stream what it carried and a
// short dip; when it is well again it is used again.
func TestP5Degrade(t *testing.T) {
	p := measured(t)
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
	lasts := 8 * time.Second
	settles := 3 * time.Second
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

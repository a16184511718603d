package main_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strconv"
	"testing"
	"time"

	"viamillipede/netio/lab"
)

// Promise 1: the bytes that come out are the bytes that went in, in order, once; whatever links die, whenever, however often.

const (
	killEvery = 20 * time.Millisecond
	killSeed  = 20
)

// TestP1LinksKilled: links die all the time, at either end, and no byte is lost.
func TestP1LinksKilled(t *testing.T) {
	p := hosts(t)
	l := lab.New(t, lab.Config{Paths: 3})
	s := p.start(t, l, setup{
		size:  small[int64](768*mib, 256*mib),
		limit: 4 * time.Minute,
		words: []string{"threads", "16", "verbose", "1"},
	})
	stop := s.killLinks()
	s.finish()
	if killed := stop(); killed < 5 {
		t.Errorf("%d links killed: that proves nothing", killed)
	}
}

// killLinks kills a random link every killEvery, from the two sides in turn, until the function that it returns is
// called, which gives how many died.
func (s *stream) killLinks() (stop func() int) {
	ctx, cancel := context.WithCancel(s.deadline)
	s.t.Cleanup(cancel)
	total := make(chan int, 1)
	go func() { total <- keepKilling(ctx, s.t, s.lab, killEvery) }()
	return func() int {
		cancel()
		return <-total
	}
}

// keepKilling kills a link every so often, from the two sides in turn, and returns how many.
func keepKilling(ctx context.Context, t *testing.T, l *lab.Lab, every time.Duration) (killed int) {
	rng := rand.New(rand.NewPCG(killSeed, 0))
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for side := lab.TX; ; side = 1 - side {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return killed
		}
		switch _, err := l.DestroyRandom(side, rng, labPort); {
		case err == nil:
			killed++
		case !errors.Is(err, lab.ErrNoConnection):
			t.Errorf("kill a link: %v", err)
			return killed
		}
	}
}

// What a schedule draws from.
const (
	fewestPaths, mostPaths = 3, 4
	gapLeast, gapMost      = 50 * time.Millisecond, 500 * time.Millisecond // between two events
	slowest, fastest       = 1, 800                                        // of a path, in Mbit/s

	scheduleShort = 6 * time.Second
	scheduleLong  = 60 * time.Second

	// pauseMost bounds the longest time without a byte at the consumer, beyond the time in which no path was well.
	pauseMost = 20 * time.Second
)

// An event changes one path.
type event struct {
	after time.Duration // since the event before it
	path  int
	kind  eventKind
	rate  uint64 // of rateChanges, in Mbit/s
	draw  uint64 // of linkDies: which one
}

// eventKind is what happens. Those of a pair begin and end one trouble.
type eventKind int

const (
	rateChanges eventKind = iota
	linkDies
	filterDrops
	filterEnds
	packetsVanish
	packetsReturn
	deviceDown
	deviceUp
)

func (e event) String() string {
	words := [...]string{"rate", "a link dies", "filter drops all", "filter gone", "packets vanish", "packets return",
		"device down", "device up"}
	text := fmt.Sprintf("path %d: %s", e.path+1, words[e.kind])
	if e.kind == rateChanges {
		text += fmt.Sprintf(" %d Mbit/s", e.rate)
	}
	return text
}

// A schedule is drawn from its seed alone.
type schedule struct {
	seed   uint64
	paths  int
	events []event
	away   time.Duration // the longest time in which every path was in trouble
}

// draw makes the schedule of a seed. A path is in one trouble at a time, and in two of three draws that hit it the
// trouble ends, so that there is mostly a way. The rates' magnitudes are drawn evenly.
func draw(seed uint64, length time.Duration) schedule {
	rng := rand.New(rand.NewPCG(seed, 0))
	s := schedule{seed: seed, paths: fewestPaths + rng.IntN(mostPaths-fewestPaths+1)}
	ends := make(map[int]eventKind) // of the trouble that a path is in
	var now, allAway time.Duration
	for {
		e := event{after: gapLeast + time.Duration(rng.Int64N(int64(gapMost-gapLeast+1))), path: rng.IntN(s.paths)}
		now += e.after
		if now > length {
			break
		}
		wasAway := len(ends) == s.paths
		end, trouble := ends[e.path]
		switch dice := rng.IntN(12); {
		case trouble && dice < 8:
			e.kind = end
			delete(ends, e.path)
		case trouble || dice < 5:
			e.kind = rateChanges
			e.rate = uint64(math.Round(slowest * math.Pow(float64(fastest)/slowest, rng.Float64())))
		case dice < 7:
			e.kind, e.draw = linkDies, rng.Uint64()
		default:
			e.kind = []eventKind{filterDrops, packetsVanish, deviceDown}[rng.IntN(3)]
			ends[e.path] = e.kind + 1
		}
		switch isAway := len(ends) == s.paths; {
		case isAway && !wasAway:
			allAway = now
		case wasAway && !isAway:
			s.away = max(s.away, now-allAway)
		}
		s.events = append(s.events, e)
	}
	if len(ends) == s.paths {
		s.away = max(s.away, length-allAway)
	}
	return s
}

// TestDraw: a schedule is its seed's alone, and seeds differ.
func TestDraw(t *testing.T) {
	seen := make(map[int]bool)
	for seed := range uint64(20) {
		one, again := draw(seed, scheduleLong), draw(seed, scheduleLong)
		if !reflect.DeepEqual(one, again) {
			t.Errorf("seed %d gives two schedules", seed)
		}
		if n := len(one.events); n < int(scheduleLong/gapMost)-1 || n > int(scheduleLong/gapLeast) {
			t.Errorf("seed %d gives %d events", seed, n)
		}
		seen[one.paths] = true
	}
	if len(seen) != mostPaths-fewestPaths+1 {
		t.Errorf("twenty seeds give paths %v", seen)
	}
}

// TestP1Schedule: whatever happens to the paths, in whatever order, the stream arrives whole. VIAMILLIPEDE_SEED plays the
// schedule of one seed again.
func TestP1Schedule(t *testing.T) {
	p := long(alone, hosts)(t)
	seeds := long([]uint64{1, 2, 3, 4, uint64(time.Now().UnixNano())}, []uint64{1})
	if said := os.Getenv("VIAMILLIPEDE_SEED"); said != "" {
		seed, err := strconv.ParseUint(said, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		seeds = []uint64{seed}
	}
	for _, seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { p.play(t, draw(seed, long(scheduleLong, scheduleShort))) })
	}
}

func (p programs) play(t *testing.T, plan schedule) {
	rates := make([]uint64, plan.paths)
	for i := range rates {
		rates[i] = fastest
	}
	l := pathsOf(t, rates)
	t.Cleanup(func() { plan.tellOnFailure(t) })
	with := endlessly(2 * plan.paths)
	with.limit = scheduleLong + time.Minute
	s := p.start(t, l, with)
	s.wait(s.out.At(1), "the first byte")
	r := s.record()
	for _, e := range plan.events {
		s.pass(e.after)
		r.mark(e.String())
		if err := s.happen(e); err != nil {
			t.Fatalf("seed %d: %v: %v", plan.seed, e, err)
		}
	}
	for i := range plan.paths {
		s.must(s.restore(i))
	}
	r.stop()
	s.enough()
	s.finish()
	pause := s.out.LongestPause()
	t.Logf("schedule, seed %d: %d paths, %d events, %.1f MB, %.1f %% resent, worst pause %.2f s (no path was well for %.2f s)",
		plan.seed, plan.paths, len(plan.events), float64(s.setup.size)/mb, 100*s.resent(), pause.Seconds(), plan.away.Seconds())
	if pause > plan.away+pauseMost {
		t.Errorf("nothing came for %v, want at most %v more than the %v without a path", pause, pauseMost, plan.away)
	}
}

// tellOnFailure says what happened, and how to have it again.
func (p schedule) tellOnFailure(t *testing.T) {
	if !t.Failed() {
		return
	}
	t.Logf("to play it again: VIAMILLIPEDE_SEED=%d", p.seed)
	var now time.Duration
	for _, e := range p.events {
		now += e.after
		t.Logf("%.3f s: %v", now.Seconds(), e)
	}
}

func (s *stream) happen(e event) error {
	switch l := s.lab; e.kind {
	case rateChanges:
		return l.Shape(e.path, e.rate*1_000_000)
	case filterDrops:
		return l.Drop(e.path)
	case filterEnds:
		return l.Undrop(e.path)
	case packetsVanish:
		return l.Blackhole(e.path)
	case packetsReturn:
		return l.Heal(e.path)
	case deviceDown:
		return l.PathDown(e.path)
	case deviceUp:
		return l.PathUp(e.path)
	}
	return s.killOne(e)
}

// killOne ends a link of the event's path, if there is one, at the side that the draw says.
func (s *stream) killOne(e event) error {
	side := lab.Side(e.draw % 2)
	list, err := s.lab.Connections(side, labPort)
	if err != nil {
		return err
	}
	links := slices.DeleteFunc(list, func(c lab.Conn) bool {
		return c.Local.Addr().String() != s.lab.Address(side, e.path)
	})
	if len(links) == 0 {
		return nil
	}
	if err := s.lab.Destroy(side, links[e.draw/2%uint64(len(links))]); !errors.Is(err, lab.ErrNoConnection) {
		return err
	}
	return nil
}

// restore ends whatever trouble path i is in.
func (s *stream) restore(i int) error {
	l := s.lab
	return errors.Join(l.PathUp(i), l.Undrop(i), l.Heal(i), l.Shape(i, fastest*1_000_000))
}

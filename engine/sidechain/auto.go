package sidechain

import (
	"sync/atomic"
	"time"

	"viamillipede/engine/schedule"
)

// Auto chooses how hard the coders of a stream try, by what moves most bytes of its source. What it knows of a level is how many bytes
// the coders can take a second, and how much shorter these become; and of the links, how many bytes they carry:
//
//	a level moves   min(what the coders can take, what the links carry x how much shorter it becomes)   bytes a second
//
// Links that wait for coders may carry more than is known; those for which pieces wait carry just what they do. A level that was not tried
// lately is taken to compare with the present one as it usually does.
//
// Level may be read by any goroutine; the methods that tell what happens belong to the holder of the ingest turn.
type Auto struct {
	level   atomic.Int32 // what coders go by
	hopeful atomic.Int64 // pieces of this span that a sample says become shorter
	tries   atomic.Int64 // of so many

	workers float64
	spent   func() time.Duration // CPU time of the coders so far

	known [autoMost + 1]grade
	links float64 // bytes a second that the links carry; 0: not known
	room  float64 // how much more they are taken to carry after the next span; see autoHeadroom
	share float64 // of the CPU time that coders could have, what they get

	begun        time.Time     // of the present span; zero: there is none
	before       time.Duration // spent by then
	raw, wire    int64         // bytes that links have taken in it, as they were and as they are sent
	ready, waits int           // how often a link that asked got a leg at once, and how often it had to wait for a coder
}

// grade is what is known of a level.
type grade struct {
	at    time.Time // when it was last measured
	speed float64   // bytes that the coders take in a second of CPU time of each of them
	ratio float64   // how many times shorter they become, 1 or more
}

// The levels of Auto.
const (
	autoNone  = iota // nothing
	autoS2           // s2
	autoZstd         // zstd:1, and so on
	autoZstd2        //
	autoMost         // zstd:3; 4 was measured to cost more than ten times as much
)

// usual is how the levels compare: measured with Go's source, on one CPU.
var usual = [autoMost + 1]grade{
	{speed: 5e9, ratio: 1}, {speed: 480e6, ratio: 2.6}, {speed: 280e6, ratio: 3.5}, {speed: 170e6, ratio: 3.8}, {speed: 80e6, ratio: 4.1},
}

const (
	// autoLeast is how many bytes a span needs to say something.
	autoLeast = 1 << 20
	// autoGain is how much more a level has to move to be worth a change.
	autoGain = 1.08
	// autoLoss is how much less a level that takes less CPU time may move.
	autoLoss = 0.97
	// autoHeadroom is how much more links are taken to carry after each span in which they waited for coders: at first, and once it is
	// known what they do not carry. Then it takes many spans until a lower level is tried in vain.
	autoHeadroom      = 1.5
	autoHeadroomLeast = 1.02
	// autoRecovery is how fast coders are taken to get more CPU time when nobody waits for them.
	autoRecovery = 1.1
)

// NewAuto begins with a level that costs little.
func NewAuto() *Auto {
	a := &Auto{workers: 1, share: 1, room: autoHeadroom, spent: func() time.Duration { return 0 }}
	a.level.Store(autoS2)
	return a
}

// Watch says how many coders there are, and how much CPU time they have used; before the first Took.
func (a *Auto) Watch(workers int, spent func() time.Duration) {
	a.workers, a.spent = float64(workers), spent
}

// Level is how hard coders are to try now.
func (a *Auto) Level() int { return int(a.level.Load()) }

// LevelName is what users know of a level.
func (a *Auto) LevelName() string {
	return [...]string{"none", "s2", "zstd:1", "zstd:2", "zstd:3"}[a.Level()]
}

// Took notes that a link was given a leg of so many bytes of the source, which has so many now. changed: the level is another one.
func (a *Auto) Took(raw, wire int, now time.Time) (changed bool) {
	if a.begun.IsZero() {
		a.begin(now)
		return false
	}
	a.raw, a.wire = a.raw+int64(raw), a.wire+int64(wire)
	a.ready++
	if now.Sub(a.begun) < schedule.CoderSpan || a.raw < autoLeast {
		return false
	}
	was := a.Level()
	a.judge(now)
	a.begin(now)
	return a.Level() != was
}

// Waits notes that a link asked for a leg, and coders were at work on it.
func (a *Auto) Waits() { a.waits++ }

// Starves notes that the source had nothing: what was measured says nothing of the coders.
func (a *Auto) Starves() { a.begun = time.Time{} }

func (a *Auto) begin(now time.Time) {
	a.begun, a.before, a.raw, a.wire, a.ready, a.waits = now, a.spent(), 0, 0, 0, 0
	a.hopeful.Store(0)
	a.tries.Store(0)
}

// judge ends a span.
func (a *Auto) judge(now time.Time) {
	level, took := a.Level(), now.Sub(a.begun).Seconds()
	raw, wire := float64(a.raw)/took, float64(a.wire)/took
	cpu := max((a.spent()-a.before).Seconds()/took, 1e-3)
	g := &a.known[level]
	g.learn(raw/cpu, max(1, raw/wire), now)
	if behind := a.waits > a.ready; behind {
		a.links = max(a.links, wire) * a.room
		a.share = (a.share + min(1, cpu/a.workers)) / 2
	} else {
		if wire < a.links {
			a.room = autoHeadroomLeast
		}
		a.links = wire
		a.share = min(1, a.share*autoRecovery)
	}
	switch hopeful, tries := a.hopeful.Load(), a.tries.Load(); {
	case 8*hopeful < tries: // whatever was sent before, this becomes no shorter
		for i := range a.known {
			a.known[i].at, a.known[i].speed, a.known[i].ratio = now, usual[i].speed, 1
		}
	case level == autoNone && 2*hopeful > tries: // and this does
		for i := range a.known[autoS2:] {
			a.known[autoS2+i].at = time.Time{}
		}
	}
	a.level.Store(int32(a.best(now)))
}

// best is the lowest of the levels that move most, or nearly so; the present one, if that is hardly less.
func (a *Auto) best(now time.Time) int {
	var moves [autoMost + 1]float64
	most := 0.0
	for level := range moves {
		moves[level] = a.moves(level, now)
		most = max(most, moves[level])
	}
	best := 0
	for moves[best] < most*autoLoss {
		best++
	}
	level := a.Level()
	if best > level && moves[best] < moves[level]*autoGain {
		return level
	}
	return best
}

// learn takes in what was measured.
func (g *grade) learn(speed, ratio float64, now time.Time) {
	if now.Sub(g.at) > schedule.CoderMemory {
		g.speed, g.ratio = speed, ratio
	}
	g.at, g.speed, g.ratio = now, (g.speed+3*speed)/4, (g.ratio+3*ratio)/4
}

// moves is how many bytes of the source a second are likely to get through at a level.
func (a *Auto) moves(level int, now time.Time) float64 {
	g := a.known[level]
	if now.Sub(g.at) > schedule.CoderMemory {
		g = a.guess(level, now)
	}
	return min(g.speed*a.workers*a.share, a.links*g.ratio)
}

// guess is what a level is likely to do that was not tried lately, from what the present one does.
func (a *Auto) guess(level int, now time.Time) grade {
	at := a.Level()
	g, u := usual[level], usual[at]
	if at == autoNone || level == autoNone {
		return g
	}
	is := a.known[at]
	g.speed *= is.speed / u.speed
	g.ratio = 1 + (g.ratio-1)*(is.ratio-1)/(u.ratio-1)
	return g
}

// Of a piece, so much is tried before all of it is coded: some pieces of it, in bytes.
const (
	sampleSize  = 4 << 10
	sampleCount = 4
)

// hopeless reports whether a sample of a piece says that no step makes it shorter.
func (k *Coder) hopeless(raw []byte) bool {
	if len(raw) < 4*sampleSize*sampleCount {
		return false
	}
	s, into, n := s2Step{}, k.room(raw), 0
	for i := range sampleCount {
		at := i * (len(raw) - sampleSize) / (sampleCount - 1)
		m, err := s.encode(into, raw[at:at+sampleSize])
		if err != nil {
			return false
		}
		n += m
	}
	return n > sampleSize*sampleCount*31/32 && !k.worthEntropy(raw)
}

// worthEntropy reports whether the bytes of a piece are so uneven that coding them one by one helps where nothing repeats.
func (k *Coder) worthEntropy(raw []byte) bool {
	var seen [256]int32
	at := len(raw)/2 - sampleSize/2
	for _, b := range raw[at : at+sampleSize] {
		seen[b]++
	}
	most, used := int32(0), 0
	for _, n := range seen {
		most = max(most, n)
		if n > 0 {
			used++
		}
	}
	return used < 200 || most > 8*sampleSize/256
}

// encodeBest is Encode for a chain that chooses.
func (k *Coder) encodeBest(raw []byte) (coded []byte, applied uint8, err error) {
	level := k.auto.Level()
	k.auto.tries.Add(1)
	if k.hopeless(raw) {
		return raw, 0, nil
	}
	if k.auto.hopeful.Add(1); level == autoNone {
		return raw, 0, nil
	}
	s, applied := step(k.steps[0]), uint8(1)
	if level >= autoZstd {
		s, applied = k.steps[1], 2
	}
	if level > autoZstd {
		if want := level - autoZstd + 1; k.high.level != want {
			k.high.close()
			k.high = zstdStep{level: want}
		}
		s = &k.high
	}
	into := k.room(raw)
	n, err := s.encode(into, raw)
	switch {
	case err == ErrRoom || err == nil && n >= len(raw):
		return raw, 0, nil
	case err != nil:
		return nil, 0, err
	}
	return into[:n], applied, nil
}

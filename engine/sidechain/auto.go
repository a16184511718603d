package sidechain

import (
	"math"
	"sync/atomic"
	"time"

	"viamillipede/engine/schedule"
)

// Auto chooses how hard the coders of a stream try, by what moves most bytes of its source. What it knows of a level is how many bytes
// the coders can take a second, and how much shorter these become; and of the links, how many bytes they carry:
//
//	a level moves   min(what the coders can take, what the links carry x how much shorter it becomes)   bytes a second
//
// but no more than the source has, where that is what the others wait for.
//
// What coders do is measured leg by leg, and what links carry by what the peer has received: what links take says little, because their
// sockets take much at once. Links that wait for coders, while next to nothing is on the way, may carry more than is known. A level that
// was not tried lately is taken to compare with the present one as it usually does.
//
// Level, and what coders tell, is for any goroutine; the methods that tell what links do belong to the holder of the ingest turn.
type Auto struct {
	level   atomic.Int32
	done    [autoLevels]tally // what coders did since the last span ended
	hopeful atomic.Int64      // pieces of this span that a sample says become shorter
	tries   atomic.Int64      // of so many

	workers float64
	trip    func() time.Duration // the longest round trip of the links, without queues

	known   [autoLevels]grade
	links   float64 // bytes a second that the links carry, or may carry; 0: not known
	seen    float64 // bytes a second that they did carry lately
	room    float64 // how much more they are taken to carry after the next span; see autoHeadroom
	source  float64 // bytes a second that the source has, if the others waited for it in the last span
	hopes   bool    // the links did not limit it in the last span
	presses bool    // see Presses
	last    int     // the last level that coded something

	hopeless bool // nothing has become shorter lately

	span
	lasts time.Duration // how long it lasts, at least
	skips int           // legs of the level before that links have not taken yet
	sent  int64         // bytes that links were given since the stream began
	waits bool          // a link waits for a leg that is being coded
	dryAt time.Time     // since when the source has nothing; zero: it has
}

// tally is what coders did at a level.
type tally struct{ raw, coded, took atomic.Int64 } // bytes before and after, nanoseconds

// grade is what is known of a level.
type grade struct {
	at    time.Time // when it was last measured
	speed float64   // bytes a second that each coder takes while it is at work, on a CPU that may have other work too
	ratio float64   // how many times shorter they become, 1 or more
}

// The levels of Auto.
const (
	autoNone   = iota // nothing
	autoS2            // s2
	autoZstd          // zstd:1, and so on
	autoZstd2         //
	autoZstd3         // zstd:4 was measured to take more than five times as long, for next to nothing
	autoLevels        // how many there are
	autoFirst  = autoS2
)

// usual is how the levels compare: measured with Go's source, on one CPU.
var usual = [autoLevels]grade{
	{speed: 5e9, ratio: 1}, {speed: 480e6, ratio: 2.6}, {speed: 270e6, ratio: 3.5}, {speed: 200e6, ratio: 3.8}, {speed: 125e6, ratio: 4.05},
}

const (
	// autoGain is how much more a level has to move to be worth a change.
	autoGain = 1.04
	// autoTrial is how much more if that depends on links which may carry more than is known.
	autoTrial = 1.3
	// autoLoss is how much less a level that takes less CPU time may move.
	autoLoss = 0.97
	// autoHeadroom is how much more links are taken to carry after a span in which they waited for coders: at first, and after the next
	// one once it is known what they do not carry. From there it grows again, slowly: it takes some spans until a lower level is tried in
	// vain.
	autoHeadroom      = 4
	autoHeadroomLeast = 1.02
	// autoSeen is how much of what links did carry is believed after each span in which they carried less.
	autoSeen = 0.85
)

// NewAuto begins with a level that costs little, and is of some use to a slow link too.
func NewAuto() *Auto {
	a := &Auto{workers: 1, room: autoHeadroom, lasts: schedule.CoderSpanFirst, trip: func() time.Duration { return 0 }}
	a.level.Store(autoFirst)
	a.known[autoNone], a.last = usual[autoNone], autoFirst
	return a
}

// Watch says how many coders there are, and the longest round trip of the links; before the first Took.
func (a *Auto) Watch(workers int, trip func() time.Duration) {
	a.workers, a.trip = float64(workers), trip
}

// Level is how hard coders are to try now.
func (a *Auto) Level() int { return int(a.level.Load()) }

// Codes reports whether coders do anything at the present level, but look whether another one is worth it.
func (a *Auto) Codes() bool { return a.Level() != autoNone }

// Presses reports whether it pays to have pieces become as short as they can: links are what the others wait for.
func (a *Auto) Presses() bool { return a.presses }

// LevelName is what users know of a level.
func (a *Auto) LevelName() string {
	return [autoLevels]string{"none", "s2", "zstd:1", "zstd:2", "zstd:3"}[a.Level()]
}

// did notes what a coder made of a piece.
func (a *Auto) did(level, raw, coded int, took time.Duration) {
	t := &a.done[level]
	t.raw.Add(int64(raw))
	t.coded.Add(int64(coded))
	t.took.Add(int64(max(took, 0)))
}

// Took notes that a link is given a leg of so many bytes of the source, which has so many now, while so many bytes are on their way that
// the peer has not received, and more legs wait for a link. changed: the level is another one.
func (a *Auto) Took(raw, wire int, kept int64, more int, now time.Time) (changed bool) {
	came := a.sent - kept
	a.sent += int64(wire)
	pause := !a.dryAt.IsZero() && now.Sub(a.dryAt) > schedule.CoderSpanFirst // which says nothing
	if a.begun.IsZero() || pause || a.skips > 0 {
		a.skips = max(0, a.skips-1)
		a.begin(came, now)
		return false
	}
	s := &a.span
	s.raw, s.wire, s.lag, s.legs, s.came = s.raw+int64(raw), s.wire+int64(wire), s.lag+kept, s.legs+1, came-s.from
	if a.waits {
		s.late++
	}
	if !a.dryAt.IsZero() {
		s.dry++
	}
	a.waits, a.dryAt = false, time.Time{}
	if !s.says(a.lasts, now) || !a.judge(now) {
		return false
	}
	was := a.Level()
	a.level.Store(int32(a.best(now)))
	a.begin(came, now)
	if a.Level() == was {
		a.lasts = min(2*a.lasts, schedule.CoderSpan)
		return false
	}
	a.lasts, a.skips = schedule.CoderSpanFirst, more
	return true
}

// Waits notes that a link has to wait for a leg that is being coded.
func (a *Auto) Waits() { a.waits = true }

// Starves notes that the source has nothing, and nor have coders.
func (a *Auto) Starves(now time.Time) {
	if a.dryAt.IsZero() {
		a.dryAt = now
	}
}

func (a *Auto) begin(came int64, now time.Time) {
	a.span = span{begun: now, from: came}
	a.waits, a.dryAt = false, time.Time{}
	a.hopeful.Store(0)
	a.tries.Store(0)
}

// judge takes in what the span says, unless it has to go on.
func (a *Auto) judge(now time.Time) bool {
	carried := a.carried(now)
	by := a.limit(now, a.trip(), a.room == autoHeadroom)
	if by == limitUnknown {
		return false
	}
	a.grade(now)
	a.seen = max(carried, a.seen*autoSeen)
	a.hopes, a.presses, a.source = by != limitLinks, by == limitLinks, math.Inf(1)
	switch by {
	case limitLinks:
		if a.seen < a.links {
			a.room = autoHeadroomLeast
		}
		a.links = a.seen
	case limitSource:
		a.links = max(a.links, carried*a.room)
		a.source = float64(a.raw) / now.Sub(a.begun).Seconds()
	case limitCoders:
		a.links = max(a.links, carried) * a.room
		a.room = min(autoHeadroom, 1+2*(a.room-1))
	}
	return true
}

// grade takes in what the coders did.
func (a *Auto) grade(now time.Time) {
	for level := range a.done {
		t := &a.done[level]
		raw, coded, took := t.raw.Swap(0), t.coded.Swap(0), t.took.Swap(0)
		if raw > 0 && took > 0 {
			a.last = max(level, autoS2)
			a.known[level].learn(float64(raw)/time.Duration(took).Seconds(), max(1, float64(raw)/float64(coded)), now)
		}
	}
	switch hopeful, tries := a.hopeful.Load(), a.tries.Load(); {
	case 8*hopeful < tries: // whatever was sent before, this becomes no shorter
		a.hopeless = true
		for i := range a.known {
			a.known[i] = grade{now, usual[i].speed, 1}
		}
	case a.hopeless && 2*hopeful > tries: // and this does
		a.hopeless = false
		for i := range a.known[autoS2:] {
			a.known[autoS2+i] = grade{}
		}
	}
}

// best is the lowest of the levels that move most, or nearly so; the present one, if that is hardly less.
func (a *Auto) best(now time.Time) int {
	var moves [autoLevels]float64
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
	if best > level && moves[best] < moves[level]*autoGain || best < level && a.hopes && moves[best] < min(moves[level]*autoTrial, a.source) {
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
	g := a.expects(level, now)
	return min(g.speed*a.workers, a.links*g.ratio, a.source)
}

// expects is what a level is likely to do. How much shorter pieces become differs from one part of a stream to the next, so what was
// measured of another level is compared with nothing: that goes by the last one that coded.
func (a *Auto) expects(level int, now time.Time) grade {
	g, u, is := a.known[level], usual[a.last], a.known[a.last]
	fresh := now.Sub(g.at) <= schedule.CoderMemory
	if level == a.last && fresh || level == autoNone || a.hopeless {
		return g
	}
	if now.Sub(is.at) > schedule.CoderMemory {
		return usual[level]
	}
	if !fresh {
		g.speed = usual[level].speed * is.speed / u.speed
	}
	g.ratio = 1 + (usual[level].ratio-1)*(is.ratio-1)/(u.ratio-1)
	return g
}

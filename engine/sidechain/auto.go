package sidechain

import (
	"sync/atomic"
	"time"

	"viamillipede/engine/schedule"
)

// Auto chooses how hard the coders of a stream try, by what the stream gains: the level with the highest rate, in bytes of the source.
//
//	links wait for coders: a lower level is tried     coders wait for links: a higher one
//	faster than before -> it stays                    not faster -> back, and the next try comes later each time
//
// Level may be read by any goroutine; the methods that tell what happens belong to the holder of the ingest turn.
type Auto struct {
	level atomic.Int32 // what coders go by

	rate   float64 // bytes a second at the level that was chosen; 0: not known
	chosen int32   // that level; differs from level during a try

	begun        time.Time // of the present span; zero: there is none
	bytes        int64     // taken by links in it
	ready, waits int       // how often a link that asked got a leg at once, and how often it had to wait for a coder
	due          time.Time // of the next try
	patience     time.Duration
}

// The levels of Auto.
const (
	autoNone  = iota // nothing
	autoS2           // s2
	autoZstd         // zstd:1, and so on
	autoZstd2        //
	autoMost         // zstd:3; 4 was measured to cost more than ten times as much
)

const (
	// autoLeast is how many bytes a span needs to say something.
	autoLeast = 1 << 20
	// autoGain is how much faster a level has to be to be worth the change.
	autoGain = 1.04
)

// NewAuto begins with a level that costs little.
func NewAuto() *Auto {
	a := &Auto{chosen: autoS2, patience: schedule.CoderPatience}
	a.level.Store(autoS2)
	return a
}

// Level is how hard coders are to try now.
func (a *Auto) Level() int { return int(a.level.Load()) }

// LevelName is what users know of a level.
func (a *Auto) LevelName() string {
	return [...]string{"none", "s2", "zstd:1", "zstd:2", "zstd:3"}[a.Level()]
}

// Took notes that a link was given a leg of so many bytes of the source; ahead: all pieces that were at hand had been coded by then.
func (a *Auto) Took(bytes int, ahead bool, now time.Time) {
	if a.begun.IsZero() {
		a.begin(now)
		return
	}
	a.bytes += int64(bytes)
	if ahead {
		a.ready++
	}
	if now.Sub(a.begun) >= schedule.CoderSpan && a.bytes >= autoLeast {
		a.judge(now)
	}
}

// Waits notes that a link asked for a leg, and coders were at work on it.
func (a *Auto) Waits() { a.waits++ }

// Starves notes that the source had nothing: what was measured says nothing of the coders.
func (a *Auto) Starves() { a.begun = time.Time{} }

func (a *Auto) begin(now time.Time) { a.begun, a.bytes, a.ready, a.waits = now, 0, 0, 0 }

// judge ends a span.
func (a *Auto) judge(now time.Time) {
	rate := float64(a.bytes) / now.Sub(a.begun).Seconds()
	behind := a.waits > a.ready
	defer a.begin(now)
	if tried := a.level.Load(); tried != a.chosen {
		if rate > a.rate*autoGain {
			a.chosen, a.rate, a.patience = tried, rate, schedule.CoderPatience
			a.due = now
			return
		}
		a.level.Store(a.chosen)
		a.due = now.Add(a.patience)
		a.patience = min(2*a.patience, schedule.CoderPatienceMost)
		return
	}
	a.rate = rate
	if now.Before(a.due) {
		return
	}
	next := a.chosen + 1
	if behind {
		next = a.chosen - 1
	}
	if next >= autoNone && next <= autoMost {
		a.level.Store(next)
	}
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
	if level == autoNone || k.hopeless(raw) {
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

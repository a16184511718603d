package main_test

import (
	"fmt"
	"testing"
	"time"

	"viamillipede/netio/lab"
)

// The rates of testDelay, in bits per second.
const (
	nearRate = 200_000_000 // the path without a delay
	farRate  = 100_000_000 // a path with one
)

// testDelay: paths that differ in their round trip, as a local line does from one around the world, are all used.
func (p programs) testDelay(t *testing.T) {
	for _, roundTrip := range []time.Duration{40 * time.Millisecond, 200 * time.Millisecond} {
		t.Run(fmt.Sprint("Near+", roundTrip), func(t *testing.T) { p.nearAndFar(t, roundTrip) })
	}
	t.Run("Loss", p.lossOnOne)
}

// nearAndFar: a path without a delay beside one with a round trip.
func (p programs) nearAndFar(t *testing.T, roundTrip time.Duration) {
	const least = 0.5 // of the sum of the rates; the near path alone has two thirds
	l := lab.New(t, lab.Config{
		Paths:        1,
		Delayed:      []lab.Delay{{RoundTrip: roundTrip, BitsPerSecond: farRate, Seed: 1}},
		DelayProgram: p.delay,
	})
	if err := l.Shape(0, nearRate); err != nil {
		t.Fatal(err)
	}
	p.delayedStream(t, l, nearRate+farRate, least)
}

// lossOnOne: two paths with a delay, of which one loses every hundredth packet. The other still carries what it can. What
// the one carries is up to the host's congestion control: a seventh of its rate with cubic or reno, nearly all with bbr.
func (p programs) lossOnOne(t *testing.T) {
	const least = 0.8 / 2 // of the sum: 0.8 of the path that loses nothing
	far := lab.Delay{RoundTrip: 40 * time.Millisecond, BitsPerSecond: farRate, Seed: 1}
	lossy := far
	lossy.Loss = 0.01
	l := lab.New(t, lab.Config{Delayed: []lab.Delay{far, lossy}, DelayProgram: p.delay})
	p.delayedStream(t, l, 2*farRate, least)
}

// delayedStream moves a stream over all paths of l, which have these bits per second together. It must have at least the
// share given of them, from the start of the sender to the end of both programs.
func (p programs) delayedStream(t *testing.T, l *lab.Lab, sum, least float64) {
	t.Helper()
	size := small[int64](192*mib, 64*mib)
	s := p.start(t, l, setup{size: size, limit: time.Minute, words: []string{"threads", "8", "verbose", "1"}})
	s.finish()
	took := time.Since(s.started)
	share := float64(8*size) / took.Seconds() / sum
	t.Logf("%d MiB took %v: %.2f of %.0f Mbit/s", size/mib, took.Round(time.Millisecond), share, sum/1e6)
	if share < least && !labRace {
		t.Errorf("the stream had %.2f of the paths' rates, want at least %.2f", share, least)
	}
}

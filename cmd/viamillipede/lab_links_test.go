package main_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"viamillipede/netio/lab"
)

const (
	killEvery = 20 * time.Millisecond
	killSeed  = 20
)

// testLinksKilled: links die all the time, at either end, and no byte is lost.
func (p programs) testLinksKilled(t *testing.T) {
	l := lab.New(t, lab.Config{Paths: 3})
	s := p.start(t, l, setup{
		size:  small[int64](2<<30, 256*mib),
		limit: 2 * time.Minute,
		words: []string{"threads", "16", "verbose", "1"},
	})
	stop := s.killLinks()
	s.finish()
	if killed := stop(); killed < 5 {
		t.Errorf("%d links killed: that proves nothing", killed)
	}
}

// testBounded: what a lost link held is given back, descriptors and threads. Beyond that a program may have redials under
// way, and threads that the runtime adds for itself; and, where legs go by reference, the pipes that they wait in.
func (p programs) testBounded(t *testing.T) {
	const some = 8
	const pipes = 2 * 32 // descriptors of the most pipes that a sender makes
	t.Run("Copy", func(t *testing.T) { p.bounded(t, "copy", some) })
	t.Run("Auto", func(t *testing.T) { p.bounded(t, "auto", some+pipes) })
}

func (p programs) bounded(t *testing.T, plane string, slack int) {
	const links = 16
	in := lab.NewGate()
	in.Rate(100 * mib)
	const size = 400 * mib
	const hold = size - mib
	in.Hold(hold)
	l := lab.New(t, lab.Config{Paths: 2})
	s := p.start(t, l, setup{
		size: size, limit: 2 * time.Minute, in: in,
		words: []string{"threads", "16", "window", "64M", "verbose", "1", "io", plane},
	})
	s.wait(s.out.At(8*mib), "the first bytes")
	s.until("every link is up", func() bool { return s.links(-1) == links })
	before := s.usage()
	stop := s.killLinks()
	s.wait(s.out.At(hold), "the stream, under fire")
	t.Logf("%d links killed", stop())
	var after [2]lab.Usage
	s.until("every link is up again and nothing more is held", func() bool {
		after = s.usage()
		return s.links(-1) == links && fits(before, after, slack)
	})
	for i, side := range []string{"tx", "rx"} {
		t.Logf("%s: descriptors %d, then %d; threads %d, then %d",
			side, before[i].Files, after[i].Files, before[i].Threads, after[i].Threads)
	}
	in.Open()
	s.finish()
}

// usage gives what the sender and the receiver hold.
func (s *stream) usage() (u [2]lab.Usage) {
	s.t.Helper()
	for i, c := range []*lab.Cmd{s.tx, s.rx} {
		var err error
		if u[i], err = lab.UsageOf(c.Process.Pid); err != nil {
			s.t.Fatal(err)
		}
	}
	return u
}

func fits(before, after [2]lab.Usage, slack int) bool {
	for i := range after {
		if after[i].Files > before[i].Files+slack || after[i].Threads > before[i].Threads+slack {
			return false
		}
	}
	return true
}

// killLinks kills a random link every killEvery, from the two sides in turn, until the function that it returns is
// called, which gives how many died.
func (s *stream) killLinks() (stop func() int) {
	ctx, cancel := context.WithCancel(s.deadline)
	s.t.Cleanup(cancel)
	total := make(chan int, 1)
	go func() { total <- s.keepKilling(ctx) }()
	return func() int {
		cancel()
		return <-total
	}
}

func (s *stream) keepKilling(ctx context.Context) (killed int) {
	rng := rand.New(rand.NewPCG(killSeed, 0))
	ticker := time.NewTicker(killEvery)
	defer ticker.Stop()
	for side := lab.TX; ; side = 1 - side {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return killed
		}
		switch _, err := s.lab.DestroyRandom(side, rng, labPort); {
		case err == nil:
			killed++
		case !errors.Is(err, lab.ErrNoConnection):
			s.t.Errorf("kill a link: %v", err)
			return killed
		}
	}
}

// testMemory: the window bounds the memory of both ends, however fast the stream and however slow the consumer.
func (p programs) testMemory(t *testing.T) {
	if labRace {
		t.Skip("the race detector needs memory of its own")
	}
	const most = (64 + 48) * mib
	const stopped = 3 * time.Second
	size := small[int64](2<<30, 512*mib)
	hold := size - mib
	in, out := lab.NewGate(), lab.NewGate()
	in.Hold(hold)
	out.Hold(64 * mib)
	l := lab.New(t, lab.Config{Paths: 1})
	s := p.start(t, l, setup{
		size: size, limit: 2 * time.Minute, in: in, out: out,
		words: []string{"threads", "16", "window", "64M", "verbose", "1"},
	})
	s.wait(out.At(64*mib), "the first bytes")
	<-time.After(stopped) // the consumer is stopped, the producer is not
	t.Logf("stopped at %d MiB, the producer at %d MiB", out.Moved()/mib, in.Moved()/mib)
	out.Rate(40 * mib)
	out.Hold(128 * mib)
	s.wait(out.At(128*mib), "bytes for a slow consumer")
	out.Rate(0)
	out.Open()
	s.wait(out.At(hold), "bytes for a fast consumer")
	for i, u := range s.usage() {
		t.Logf("%v: peak %.1f MiB", lab.Side(i), float64(u.Peak)/mib)
		if u.Peak > most {
			t.Errorf("%v: %.1f MiB resident at the peak, want at most %d", lab.Side(i), float64(u.Peak)/mib, most/mib)
		}
	}
	in.Open()
	s.finish()
}

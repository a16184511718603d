package main_test

import (
	"testing"
	"time"

	"viamillipede/netio/lab"
)

// Promise 7: memory is bounded by window on each side, and nothing that a lost link held is kept.

// TestP7Bounded: what a lost link held is given back, descriptors and threads. Beyond that a program may have redials under
// way, and threads that the runtime adds for itself; and, where legs go by reference, the pipes that they wait in.
func TestP7Bounded(t *testing.T) {
	p := hosts(t)
	const some = 8
	const pipes = 2 * 32 // descriptors of the most pipes that a sender makes
	t.Run("Copy", func(t *testing.T) { t.Parallel(); p.bounded(t, "copy", some) })
	t.Run("Auto", func(t *testing.T) { t.Parallel(); p.bounded(t, "auto", some+pipes) })
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
		size: size, limit: 4 * time.Minute, in: in,
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

// TestP7Memory: the window bounds the memory of both ends, however fast the stream and however slow the consumer.
func TestP7Memory(t *testing.T) {
	p := hosts(t)
	if labRace {
		t.Skip("the race detector needs memory of its own")
	}
	const most = (64 + 48) * mib
	size := small[int64](1<<30, 512*mib)
	hold := size - mib
	in, out := lab.NewGate(), lab.NewGate()
	in.Hold(hold)
	out.Hold(64 * mib)
	l := lab.New(t, lab.Config{Paths: 1})
	s := p.start(t, l, setup{
		size: size, limit: 4 * time.Minute, in: in, out: out,
		words: []string{"threads", "16", "window", "64M", "verbose", "1"},
	})
	s.wait(out.At(64*mib), "the first bytes")
	s.until("back-pressure reaches the producer", s.producerStands())
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

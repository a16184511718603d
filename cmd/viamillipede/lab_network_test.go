package main_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"viamillipede/netio/lab"
)

// toWords gives the words of path i at the sender, with what belongs to it.
func toWords(l *lab.Lab, i int, more ...string) []string {
	return append([]string{"tx", l.Address(lab.RX, i), fmt.Sprint(labPort)}, more...)
}

// testRate: a path carries its rate, neither more nor less, whatever the number of its links.
func (p programs) testRate(t *testing.T) {
	const rate, lasts = 10 * mib, 2500 * time.Millisecond
	for _, threads := range []string{"1", "4"} {
		t.Run(threads, func(t *testing.T) {
			l := lab.New(t, lab.Config{Paths: 1})
			s := p.start(t, l, setup{
				size: 40 * mib, limit: settleTime, to: toWords(l, 0, "rate", "10M"),
				words: []string{"threads", threads, "verbose", "2"},
			})
			s.wait(s.out.At(5*mib), "the first bytes")
			began, before := time.Now(), s.out.Moved()
			<-time.After(lasts)
			moved, took := s.out.Moved()-before, time.Since(began)
			got := float64(moved) / took.Seconds()
			t.Logf("%.2f MiB/s", got/mib)
			if got < 0.9*rate || got > 1.1*rate {
				t.Errorf("%.2f MiB/s, want 10 within a tenth", got/mib)
			}
			s.finish()
		})
	}
}

// testVia: links leave by the device or from the address that their path names, though routes and addresses would have them
// leave by another; a path whose device is not there is down until it is.
func (p programs) testVia(t *testing.T) {
	const late = "198.18.1.77"
	l := lab.New(t, lab.Config{Paths: 3})
	in := lab.NewGate()
	const size = 64 * mib
	in.Hold(size / 2)
	s := p.start(t, l, setup{
		size: size, limit: settleTime, in: in, words: []string{"threads", "8", "verbose", "3"},
		to: append(append(append(
			toWords(l, 0, "via", "p2"),
			toWords(l, 1, "via", "nosuchdevice")...),
			toWords(l, 1, "via", late)...),
			toWords(l, 2, "via", l.Address(lab.TX, 0))...),
		tx: []string{"bind", l.Address(lab.TX, 1)},
	})
	s.wait(s.out.At(size/2), "half of the stream")
	froms := func() map[string]bool {
		list, err := l.Connections(lab.TX, labPort)
		if err != nil {
			t.Fatal(err)
		}
		from := map[string]bool{}
		for _, c := range list {
			from[c.Local.Addr().String()+" to "+c.Remote.Addr().String()] = true
		}
		return from
	}
	byDevice := l.Address(lab.TX, 2) + " to " + l.Address(lab.RX, 0)
	byAddress := l.Address(lab.TX, 0) + " to " + l.Address(lab.RX, 2)
	s.until("links by the device and from the address", func() bool {
		from := froms()
		return from[byDevice] && from[byAddress]
	})
	if n := len(froms()); n != 2 {
		t.Errorf("links from other sources: %v", froms())
	}
	said := s.txSaid.String()
	for _, line := range []string{"device nosuchdevice: no such device", late + ": link"} {
		if n := strings.Count(said, line); n != 1 {
			t.Errorf("%q is said %d times", line, n)
		}
	}
	if err := l.AddAddress(lab.TX, 1, late); err != nil {
		t.Fatal(err)
	}
	s.until("links from the address that is there now", func() bool {
		return froms()[late+" to "+l.Address(lab.RX, 1)]
	})
	in.Open()
	s.finish()
}

// testPathReturns: a path that was down for longer than the longest pause between two attempts has a link again at once when
// it is back. Where the far end was down, the kernel may be in the middle of asking for it, once a second.
func (p programs) testPathReturns(t *testing.T) {
	const pauseMost = 2 * time.Second
	soon := [...]time.Duration{lab.TX: 500 * time.Millisecond, lab.RX: 1500 * time.Millisecond}
	l := lab.New(t, lab.Config{Paths: 2})
	in := lab.NewGate()
	const size = 32 * mib
	in.Hold(size / 2)
	s := p.start(t, l, setup{
		size: size, limit: 2 * time.Minute, in: in, words: []string{"threads", "4", "verbose", "3"},
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
		if took > soon[end] && !labRace {
			t.Errorf("%v end: a link came after %v, want at most %v", end, took, soon[end])
		}
	}
	in.Open()
	s.finish()
}

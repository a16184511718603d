package main_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"viamillipede/engine"
	"viamillipede/netio/lab"
)

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

// testPathsDown: each path in turn is taken away in the middle of the stream, which goes on without it, and is used
// again when it is back.
func (p programs) testPathsDown(t *testing.T) {
	t.Parallel()
	p.pathsInTurn(t, (*lab.Lab).PathDown, (*lab.Lab).PathUp)
}

// testPathsSwallow is the same for paths that swallow packets: neither host's kernel knows.
func (p programs) testPathsSwallow(t *testing.T) {
	t.Parallel()
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

// testAllPathsDown: with no path left the stream waits, and goes on.
func (p programs) testAllPathsDown(t *testing.T) {
	t.Parallel()
	size, away := small[int64](192*mib, 96*mib), small(10*time.Second, 3*time.Second)
	l := shaped(t, 3)
	s := p.start(t, l, setup{
		size: size, limit: 2 * time.Minute,
		words: []string{"threads", "6", "window", "32M", "verbose", "2"},
	})
	s.wait(s.out.At(size/2), "half of the stream")
	for i := range l.Paths() {
		if err := l.PathDown(i); err != nil {
			t.Fatal(err)
		}
	}
	<-time.After(away)
	if moved := s.out.Moved(); moved == size {
		t.Errorf("all %d bytes arrived without a path", moved)
	}
	for i := range l.Paths() {
		if err := l.PathUp(i); err != nil {
			t.Fatal(err)
		}
	}
	s.finish()
	if at := engine.DefaultTiming(); away > at.Dead+2*at.Tell {
		s.says("tx", s.txSaid, `no path to the receiver works since (.*\n)+.*a path to the receiver works again, after `)
		s.says("rx", s.rxSaid, `no path from the sender works since (.*\n)+.*a path from the sender works again, after `)
	}
}

// The paths of testBadPaths: two that are good, and those that are not.
const (
	goodPaths  = 2
	swallowing = 2 // index of the path that swallows packets
)

// testBadPaths: a path that is no good neither delays the stream nor ends it, wherever it stands in the list.
func (p programs) testBadPaths(t *testing.T) {
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

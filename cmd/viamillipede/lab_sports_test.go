package main_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"viamillipede/netio/lab"
)

// balancedLanes, each of 100 Mbit/s, and so many links on each.
const balancedLanes, balancedLinks = 4, 2

// balanced makes hosts with that many lanes.
func balanced(t *testing.T) *lab.Lab {
	t.Helper()
	l := pathsOf(t, slices.Repeat([]uint64{100}, balancedLanes))
	lanesOf(t, l)
	return l
}

// TestLabSportsBalanced: source ports that are balanced give each lane as many links.
func TestLabSportsBalanced(t *testing.T) {
	p := hosts(t)
	s, seen := p.overGroup(t, balanced(t), "sports", "balanced")
	s.until("each lane has as many links", func() bool {
		return slices.Equal(s.spread(seen), slices.Repeat([]int{balancedLinks}, balancedLanes))
	})
	s.enough()
	s.finish()
}

// TestLabSportsSum: with balanced ports, links carry what the lanes do with a plain connection each. Noise makes it less and never
// more, so the best of a few streams counts.
func TestLabSportsSum(t *testing.T) {
	p := measured(t)
	const tries, least = 4, 0.95
	l := balanced(t)
	whole, best := bareSum(t, l), 0.0
	run := func(ports ...string) {
		s, seen := p.overGroup(t, l, ports...)
		rate, _ := s.measure()
		best = max(best, rate/whole)
		t.Logf("%v: %.1f MB/s, %.1f %% of the lanes' %.1f; links by lane: %v", ports, rate/mb, 100*rate/whole, whole/mb, s.spread(seen))
		s.enough()
		s.finish()
	}
	for range tries {
		if run("sports", "balanced"); best >= least {
			break
		}
	}
	if best < least {
		t.Errorf("%.1f %% of what the lanes carry, want %.0f", 100*best, 100*least)
	}
	run() // for comparison: what the kernel's own ports make is luck
}

// bareSum is what plain connections, one on each lane, carry together, in bytes a second.
func bareSum(t *testing.T, l *lab.Lab) float64 {
	t.Helper()
	return sum(bareRates(t, l, upTo(l.Paths())...).goodput)
}

// overGroup starts a stream over the group, waits until all of its links are up and it carries something, and gives it with a capture
// of its packets.
func (p programs) overGroup(t *testing.T, l *lab.Lab, ports ...string) (*stream, *capture) {
	t.Helper()
	const links = balancedLanes * balancedLinks
	seen := watchPackets(t, l)
	s := p.start(t, l, setup{
		size: endless, limit: 3 * time.Minute, to: append([]string{"tx", groupRX, fmt.Sprint(labPort)}, ports...),
		words: []string{"threads", fmt.Sprint(links), "verbose", "3"},
	})
	s.until("all links", func() bool { return s.links(-1) == links })
	s.wait(s.out.At(s.out.Moved()+32*mib), "the stream is under way")
	return s, seen
}

// spread gives the links of each lane, by their packets.
func (s *stream) spread(seen *capture) []int {
	spread := make([]int, s.lab.Paths())
	for _, c := range s.fromTX() {
		for i := range spread {
			if seen.laneOf(c.Local.Port()) == fmt.Sprintf("p%d", i) {
				spread[i]++
			}
		}
	}
	return spread
}

// fromTX are the stream's, at the sender.
func (s *stream) fromTX() (ours []lab.Conn) {
	s.t.Helper()
	list, err := s.lab.Connections(lab.TX, labPort)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, c := range list {
		if c.Remote.Port() == labPort {
			ours = append(ours, c)
		}
	}
	return ours
}

// TestLabSportsList: links have the ports of a list, the same one after a redial; for one that is somebody else's a spare one is
// taken, and told; and there are no more links than ports.
func TestLabSportsList(t *testing.T) {
	p := hosts(t)
	l := lab.New(t, lab.Config{Paths: 1})
	other, err := l.Listen(context.Background(), lab.TX, ":40002")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	in := lab.NewGate()
	const size = 64 * mib
	in.Hold(size / 2)
	s := p.start(t, l, setup{
		size: size, limit: settleTime, in: in, words: []string{"threads", "4", "verbose", "3"},
		to: toWords(l, 0, "sports", "40001-40003,40010,40020"),
	})
	want := []uint16{40001, 40003, 40010, 40020}
	has := func() bool { return slices.Equal(s.ports(), want) }
	s.until("links from the list", has)
	told := func() int { return strings.Count(s.txSaid.String(), "source port 40002 cannot be used") }
	s.until("the port that is taken is told", func() bool { return told() > 0 })
	for _, c := range s.fromTX() {
		if err := l.Destroy(lab.TX, c); err != nil {
			t.Fatal(err)
		}
		s.until(fmt.Sprintf("a link from %v is back", c.Local), has)
	}
	in.Open()
	s.finish()
	if n := told(); n != 1 {
		t.Errorf("the port that is taken is told %d times", n)
	}

	s = p.start(t, l, setup{
		size: 8 * mib, limit: settleTime, words: []string{"threads", "4", "verbose", "3"},
		to: toWords(l, 0, "sports", "41001,41002"),
	})
	s.finish()
	s.says("tx", s.txSaid, "2 links over 1 path")

	s = p.start(t, l, setup{
		size: 8 * mib, limit: settleTime, words: []string{"verbose", "1"}, to: toWords(l, 0, "sports", "balanced"),
	})
	s.finish()
	s.says("tx", s.txSaid, "the kernel chooses the source ports: there is one lane")
}

// ports are the source ports of the stream's links, in order.
func (s *stream) ports() (list []uint16) {
	for _, c := range s.fromTX() {
		list = append(list, c.Local.Port())
	}
	slices.Sort(list)
	return list
}

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

// testSports: source ports that are balanced fill all lanes, and a list that is given is kept to.
func (p programs) testSports(t *testing.T) {
	t.Run("Balanced", p.testSportsBalanced)
	t.Run("List", p.testSportsList)
}

// testSportsBalanced: 8 links on 4 lanes of 100 Mbit/s carry what the lanes do, with a plain connection each. A busy machine
// makes it less and never more, so the best of a few streams counts for the rate; the links' lanes are right in each.
func (p programs) testSportsBalanced(t *testing.T) {
	notUnderRace(t)
	const lanes, links, rate, tries, least = 4, 8, 100e6, 4, 0.95
	l := lab.New(t, lab.Config{Paths: lanes})
	lanesOf(t, l)
	for i := range lanes {
		if err := l.Shape(i, rate); err != nil {
			t.Fatal(err)
		}
	}
	sum, best := bareSum(t, l), 0.0
	run := func(ports ...string) []int {
		rate, spread := p.goodput(t, l, links, ports)
		best = max(best, rate/sum)
		t.Logf("%v: %.1f MB/s, %.1f %% of the lanes' %.1f; links by lane: %v", ports, rate/1e6, 100*rate/sum, sum/1e6, spread)
		return spread
	}
	for range tries {
		if spread := run("sports", "balanced"); !slices.Equal(spread, []int{2, 2, 2, 2}) {
			t.Errorf("links by lane: %v", spread)
		}
		if best >= least {
			break
		}
	}
	if best < least {
		t.Errorf("%.1f %% of what the lanes carry, want %.0f", 100*best, 100*least)
	}
	run() // for comparison: what the kernel's own ports make is luck
}

// bareSum is what plain connections, one on each lane, carry together, in bytes a second.
func bareSum(t *testing.T, l *lab.Lab) (sum float64) {
	t.Helper()
	bare, err := l.StartBare(t.Context(), upTo(l.Paths())...)
	if err != nil {
		t.Fatal(err)
	}
	received := func() (n int64) {
		for i := range l.Paths() {
			n += bare.Received(i)
		}
		return n
	}
	<-time.After(500 * time.Millisecond)
	began, before := time.Now(), received()
	<-time.After(2 * time.Second)
	sum = float64(received()-before) / time.Since(began).Seconds()
	if err := bare.Stop(); err != nil {
		t.Fatal(err)
	}
	return sum
}

// goodput runs a stream over the group for a while. It gives the bytes a second that came out, and the links of each lane,
// by their packets.
func (p programs) goodput(t *testing.T, l *lab.Lab, links int, ports []string) (rate float64, spread []int) {
	t.Helper()
	seen := watchPackets(t, l)
	s := p.start(t, l, setup{
		size: endless, limit: time.Minute, to: append([]string{"tx", groupRX, fmt.Sprint(labPort)}, ports...),
		words: []string{"threads", fmt.Sprint(links), "verbose", "3"},
	})
	s.until("all links", func() bool { return s.links(-1) == links })
	s.wait(s.out.At(s.out.Moved()+32*mib), "the stream is under way")
	began, before := time.Now(), s.out.Moved()
	<-time.After(small(5*time.Second, 3*time.Second))
	rate = float64(s.out.Moved()-before) / time.Since(began).Seconds()
	spread = make([]int, l.Paths())
	for _, c := range s.fromTX() {
		for i := range spread {
			if seen.laneOf(c.Local.Port()) == fmt.Sprintf("p%d", i) {
				spread[i]++
			}
		}
	}
	s.enough()
	s.finish()
	return rate, spread
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

// testSportsList: links have the ports of a list, the same one after a redial; for one that is somebody else's a spare one is
// taken, and told; and there are no more links than ports.
func (p programs) testSportsList(t *testing.T) {
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
	if n := strings.Count(s.txSaid.String(), "source port 40002 cannot be used"); n != 1 {
		t.Errorf("the port that is taken is told %d times", n)
	}
	for _, c := range s.fromTX() {
		if err := l.Destroy(lab.TX, c); err != nil {
			t.Fatal(err)
		}
		s.until(fmt.Sprintf("a link from %v is back", c.Local), has)
	}
	in.Open()
	s.finish()

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

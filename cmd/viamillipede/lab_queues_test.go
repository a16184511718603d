package main_test

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"viamillipede/affinity"
	"viamillipede/netio/lab"
)

// TestLabQueues: over a device whose queue is handled by one CPU, by both, and then by the other, every link is served by the
// loop on the CPU that its packets come in on, as far as there is room; links change loops without loss.
func TestLabQueues(t *testing.T) {
	p := hosts(t)
	twoCPUs(t)
	l := lab.New(t, lab.Config{Paths: 1, Queues: 2})
	handledBy(t, l, 0)
	s := p.start(t, l, setup{
		size: endless, limit: 3 * time.Minute, words: []string{"threads", "8", "verbose", "3"},
		rx: []string{"cpus", "0,1"}, tx: []string{"rate", "100M"}, // each link has something to do then
	})
	s.until("there is a link", func() bool { return strings.Contains(s.rxSaid.String(), "link 0 up") }) // it takes signals then
	s.untilNear()
	for _, cpus := range [][]int{{0, 1}, {1}} {
		handledBy(t, l, cpus...)
		s.untilNear()
	}
	s.enough()
	s.finish()
	s.says("rx", s.rxSaid, `links go to the loops near the CPUs that they come in on: (eBPF|classic BPF)`)
	s.had("rx", "lost-links", none)
	s.had("rx", "moved-links", some)
}

// TestLabPlacement: without a word from the user, the loops of both ends run on the CPUs that handle what their devices bring.
func TestLabPlacement(t *testing.T) {
	p := hosts(t)
	twoCPUs(t)
	for tx := range 2 {
		rx := 1 - tx
		l := lab.New(t, lab.Config{Paths: 1, Queues: 2, Sysfs: true})
		for queue := range 2 {
			if err := errors.Join(l.Spread(lab.TX, 0, queue, tx), l.Spread(lab.RX, 0, queue, rx)); err != nil {
				t.Fatal(err)
			}
		}
		s := p.start(t, l, setup{
			size: 64 << 20, limit: 3 * time.Minute, words: []string{"verbose", "3"},
		})
		s.finish()
		const line = `%s pinned to CPU %s; p0.*, 2 RX queues on CPU %d\n`
		helped := [...]string{"0-1", "1,0"} // the first loop is where the queues are
		s.says("tx", s.txSaid, fmt.Sprintf(line, "2 loops", helped[tx], tx))
		s.says("rx", s.rxSaid, fmt.Sprintf(line, "1 loop", strconv.Itoa(rx), rx))
	}
}

// TestLabDialledFromLoop: a link is dialled on the CPU of its loop, where the device has queues to choose from by it (XPS). The
// receiver sees it: without RPS a veth device hands a packet over on the CPU that sent it, so a link of the sender's loop
// on CPU c comes in at the receiver's loop on CPU c.
func TestLabDialledFromLoop(t *testing.T) {
	p := hosts(t)
	twoCPUs(t)
	const links = 8
	s := p.start(t, lab.New(t, lab.Config{Paths: 1, Queues: 2, Sysfs: true}), setup{
		size: endless, limit: 3 * time.Minute, words: []string{"threads", fmt.Sprint(links), "verbose", "3", "cpus", "0,1"},
		ready: "links go to the loops near",
	})
	s.until("all links are up", func() bool { return strings.Count(s.rxSaid.String(), " up: ") == links })
	loops := s.loopsOfLinks()
	if strings.Contains(s.rxSaid.String(), "moves from") {
		t.Skip("too busy here: links have moved already")
	}
	for link := range links {
		if loops[link] != link%2 {
			t.Errorf("by link, the receiver's loops are %v, want 0 and 1 in turn", loops)
			break
		}
	}
	s.enough()
	s.finish()
}

// loopsOfLinks gives the loop of each of the receiver's links, as its status has it.
func (s *stream) loopsOfLinks() map[int]int {
	row := regexp.MustCompile(`(?m): +(\d+) .* up .* (\d+)$`)
	loops := make(map[int]int)
	for _, m := range row.FindAllStringSubmatch(s.statusOf(s.rx, s.rxSaid), -1) {
		loops[number(m[1])] = number(m[2])
	}
	return loops
}

// statusOf has an end print its status, and gives what it said from then on.
func (s *stream) statusOf(end *lab.Cmd, said *lab.Text) string {
	s.t.Helper()
	before := len(said.String())
	if err := end.Process.Signal(syscall.SIGUSR1); err != nil {
		s.t.Fatal(err)
	}
	last := regexp.MustCompile(`(?m)(ring|window): .*\n`)
	s.until("the status", func() bool { return last.MatchString(said.String()[before:]) })
	return said.String()[before:]
}

// twoCPUs skips a test of placement where there is nothing to choose.
func twoCPUs(t *testing.T) {
	t.Helper()
	if allowed, err := affinity.Allowed(); err != nil || len(allowed) < 2 || allowed[0] != 0 || allowed[1] != 1 {
		t.Skip("not allowed to run on CPUs 0 and 1")
	}
}

// handledBy has these CPUs handle what path 0 brings, each flow always the same one.
func handledBy(t *testing.T, l *lab.Lab, cpus ...int) {
	t.Helper()
	for queue := range 2 {
		if err := l.Spread(lab.RX, 0, queue, cpus...); err != nil {
			t.Fatal(err)
		}
	}
}

// untilNear waits until the receiver's status says that each of the 8 links is served by the loop on its CPU. A loop has
// half of the links and one more at most: where more come in on its CPU, the others stay where they are.
func (s *stream) untilNear() {
	s.t.Helper()
	const links, most = 8, 5
	line := regexp.MustCompile(`loop \d: CPU (\d), node \d: (\d) links?, (\d) of them come in on its CPU`)
	s.until("links are served where their packets come in", func() bool {
		said := s.statusOf(s.rx, s.rxSaid)
		loops := line.FindAllStringSubmatch(said, -1)
		if len(loops) != 2 {
			s.t.Fatalf("no lines of two loops: %s", said)
		}
		up, near, come := 0, 0, [2]int{}
		for i, m := range loops {
			has, here := number(m[2]), number(m[3])
			up, near = up+has, near+here
			come[i] += here
			come[1-i] += has - here
		}
		return up == links && near >= min(come[0], most)+min(come[1], most)
	})
}

// number is that of a few digits.
func number(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

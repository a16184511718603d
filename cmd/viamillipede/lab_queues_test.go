package main_test

import (
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"viamillipede/affinity"
	"viamillipede/cmd/viamillipede/internal/lab"
)

// testQueues: over a device whose queue is handled by one CPU, by both, and then by the other, every link is served by the
// loop on the CPU that its packets come in on, as far as there is room; links change loops without loss.
func (p programs) testQueues(t *testing.T) {
	twoCPUs(t)
	l := lab.New(t, lab.Config{Paths: 1, Queues: 2})
	handledBy(t, l, 0b01)
	s := p.start(t, l, setup{
		size: endless, limit: time.Minute, words: []string{"threads", "8", "verbose", "3"},
		rx: []string{"cpus", "0,1"}, tx: []string{"rate", "100M"}, // each link has something to do then
	})
	s.until("there is a link", func() bool { return strings.Contains(s.rxSaid.String(), "link 0 up") }) // it takes signals then
	s.untilNear()
	for _, mask := range []uint32{0b11, 0b10} {
		handledBy(t, l, mask)
		s.untilNear()
	}
	s.enough()
	s.finish()
	s.says("rx", s.rxSaid, `links go to the loops near the CPUs that they come in on: (eBPF|classic BPF)`)
	s.says("rx", s.rxSaid, `0 links lost, \d+ links? moved to a nearer CPU`)
}

// twoCPUs skips a test of placement where there is nothing to choose.
func twoCPUs(t *testing.T) {
	t.Helper()
	if allowed, err := affinity.Allowed(); err != nil || len(allowed) < 2 || allowed[0] != 0 || allowed[1] != 1 {
		t.Skip("not allowed to run on CPUs 0 and 1")
	}
}

// handledBy has the CPUs of a mask handle what path 0 brings, each flow always the same one.
func handledBy(t *testing.T, l *lab.Lab, mask uint32) {
	t.Helper()
	for queue := range 2 {
		if err := l.Spread(lab.RX, 0, queue, mask); err != nil {
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
		said := len(s.rxSaid.String())
		if err := s.rx.Process.Signal(syscall.SIGUSR1); err != nil {
			s.t.Fatal(err)
		}
		s.until("the status", func() bool { return strings.Contains(s.rxSaid.String()[said:], "ring: ") })
		loops := line.FindAllStringSubmatch(s.rxSaid.String()[said:], -1)
		if len(loops) != 2 {
			s.t.Fatalf("no lines of two loops: %s", s.rxSaid.String()[said:])
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

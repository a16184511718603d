package main_test

import (
	"errors"
	"math"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"viamillipede/netio/lab"
)

var (
	// linkRow is a link of the receiver's status table: its number, and the path that its sender's address is on.
	linkRow = regexp.MustCompile(`(?m)^viamillipede: +(\d+) +198\.18\.(\d+)\.1:\d+ +up `)
	// countRow is a link of its second table: number, device, RX queues, packets and their mean size.
	countRow = regexp.MustCompile(`(?m)^viamillipede: +(\d+) +(p\d+) +([\d,+]+) +[0-9a-f]{8}\S* +(\d+) +\d+ +(\d+) +\S+ +\d+ +(?:\d+|-)$`)
)

// statisticsLinks is how many links are counted on.
const statisticsLinks = 8

// TestLabSocketStatistics: the status table names the device and the receive queues of each link, and all links together have
// what the devices of the sender's host have sent meanwhile.
func TestLabSocketStatistics(t *testing.T) {
	p := hosts(t)
	const queues = 4
	const first, last, size = 16 * mib, 240 * mib, 256 * mib
	l := lab.New(t, lab.Config{Paths: 2, Queues: queues})
	in, out := lab.NewGate(), lab.NewGate()
	in.Hold(first)
	s := p.start(t, l, setup{
		size: size, limit: 3 * time.Minute, in: in, out: out,
		words: []string{"threads", strconv.Itoa(statisticsLinks), "verbose", "3"},
	})
	s.wait(out.At(first), "the first bytes")
	s.until("it is known what counts", func() bool { return strings.Contains(s.rxSaid.String(), "socket statistics: ") })
	if !strings.Contains(s.rxSaid.String(), "eBPF (socket filter and sock_ops") {
		in.Open()
		s.finish()
		t.Skip("no counting here")
	}
	counted, sent := s.counted(queues), s.sentByDevices() // without what came before the links were counted on
	in.Hold(last)
	s.wait(out.At(last), "most of it")
	got, want := s.counted(queues)-counted, s.sentByDevices()-sent
	t.Logf("%.0f bytes with headers, the devices sent %.0f", got, want)
	if math.Abs(got-want) > want/1000 {
		t.Errorf("%.0f bytes with headers, the devices sent %.0f", got, want)
	}
	in.Open()
	s.finish()
}

// counted checks the devices and queues of the receiver's second table, once all links are in it, and gives the bytes of
// all packets, with those of the headers.
func (s *stream) counted(queues int) (bytes float64) {
	s.t.Helper()
	var counts [][]string
	said := ""
	s.until("all links are counted on", func() bool {
		before := len(s.rxSaid.String())
		if err := s.rx.Process.Signal(syscall.SIGUSR1); err != nil {
			s.t.Fatal(err)
		}
		s.until("the table is there", func() bool { return strings.Contains(s.rxSaid.String()[before:], "; the sink ") })
		said = s.rxSaid.String()[before:]
		counts = countRow.FindAllStringSubmatch(said, -1)
		return len(counts) == statisticsLinks
	})
	devices := make(map[string]string)
	for _, r := range linkRow.FindAllStringSubmatch(said, -1) {
		devices[r[1]] = "p" + r[2]
	}
	for _, r := range counts {
		if r[2] != devices[r[1]] {
			s.t.Errorf("link %s: device %s, expected %s", r[1], r[2], devices[r[1]])
		}
		for q := range strings.SplitSeq(r[3], ",") {
			if n, err := strconv.Atoi(q); err != nil || n >= queues {
				s.t.Errorf("link %s: queue %s of %d", r[1], q, queues)
			}
		}
		const headers = 14 + 20 + 32 // of Ethernet, IPv4 and TCP with timestamps, once for each packet
		packets, packetsErr := strconv.ParseFloat(r[4], 64)
		mean, meanErr := strconv.ParseFloat(r[5], 64)
		if err := errors.Join(packetsErr, meanErr); err != nil {
			s.t.Error(err)
		}
		bytes += packets * (mean + headers)
	}
	return bytes
}

// sentByDevices is what the devices of the sender's host have sent, on all paths.
func (s *stream) sentByDevices() (bytes float64) {
	s.t.Helper()
	for i := range s.lab.Paths() {
		n, err := s.lab.Sent(lab.TX, i)
		if err != nil {
			s.t.Fatal(err)
		}
		bytes += float64(n)
	}
	return bytes
}

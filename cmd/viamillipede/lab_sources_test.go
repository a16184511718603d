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

// TestLabRate: a path carries its rate, whatever the number of its links: never more, and no less where the machine has time for it.
func TestLabRate(t *testing.T) {
	p := hosts(t)
	const rate, lasts = 10 * mib, 1500 * time.Millisecond
	for _, threads := range []string{"1", "4"} {
		t.Run(threads, func(t *testing.T) {
			t.Parallel()
			l := lab.New(t, lab.Config{Paths: 1})
			s := p.start(t, l, setup{
				size: endless, limit: settleTime, to: toWords(l, 0, "rate", "10M"),
				words: []string{"threads", threads, "verbose", "2"},
			})
			s.wait(s.out.At(5*mib), "the first bytes")
			for got := 0.0; got < 0.9*rate; {
				began, before := time.Now(), s.out.Moved()
				s.pass(lasts)
				got = float64(s.out.Moved()-before) / time.Since(began).Seconds()
				t.Logf("%.2f MiB/s", got/mib)
				if got > 1.1*rate {
					t.Fatalf("%.2f MiB/s, want 10 within a tenth", got/mib)
				}
			}
			s.enough()
			s.finish()
		})
	}
}

// TestLabVia: links leave by the device or from the address that their path names, though routes and addresses would have them
// leave by another; a path whose device is not there is down until it is.
func TestLabVia(t *testing.T) {
	p := hosts(t)
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

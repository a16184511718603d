package main_test

import (
	"regexp"
	"testing"
	"time"

	"viamillipede/netio/lab"
)

// TestLabAuto: where the kernel's send buffer holds each link back, threads auto adds links until they bring no more, and the
// sender says which setting it is.
func TestLabAuto(t *testing.T) {
	p := hosts(t)
	if labRace {
		t.Skip("what a link brings is not measured under the race detector")
	}
	l := lab.New(t, lab.Config{
		Delayed:      []lab.Delay{{RoundTrip: 20 * time.Millisecond, BitsPerSecond: 200_000_000, Seed: 1}},
		DelayProgram: p.delay,
	})
	// A link may have 128 KiB on its way, a quarter of what the path holds.
	if err := l.Sysctl(lab.TX, "net/ipv4/tcp_wmem", "4096 16384 131072"); err != nil {
		t.Fatal(err)
	}
	s := p.start(t, l, setup{
		size: endless, limit: time.Minute, words: []string{"verbose", "3"}, tx: []string{"threads", "auto"},
	})
	added := regexp.MustCompile(`threads auto: path .*: \d+ links? more: .*: it has (\d+) links now`)
	s.until("links are added", func() bool { return len(added.FindAllString(s.txSaid.String(), -1)) >= 2 })
	s.until("links are dropped that bring nothing", func() bool {
		return regexp.MustCompile(`before: dropped, it has \d+ links\n`).MatchString(s.txSaid.String())
	})
	s.says("tx", s.txSaid, `the send buffer holds its links back \d+ % of the time: raise the last number of net.ipv4.tcp_wmem here`)
	s.enough()
	s.finish()
}

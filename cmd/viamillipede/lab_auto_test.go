package main_test

import (
	"regexp"
	"testing"
	"time"

	"viamillipede/netio/lab"
)

// heldBack runs a stream with threads auto over a path on which the kernel's send buffer holds each link back, until it has added links
// twice.
func (p programs) heldBack(t *testing.T) *stream {
	t.Helper()
	l := lab.New(t, lab.Config{
		Delayed:      []lab.Delay{{RoundTrip: 20 * time.Millisecond, BitsPerSecond: 200_000_000, Seed: 1}},
		DelayProgram: p.delay,
	})
	// A link may have 128 KiB on its way, a quarter of what the path holds.
	if err := l.Sysctl(lab.TX, "net/ipv4/tcp_wmem", "4096 16384 131072"); err != nil {
		t.Fatal(err)
	}
	s := p.start(t, l, setup{
		size: endless, limit: 3 * time.Minute, words: []string{"verbose", "3"}, tx: []string{"threads", "auto"},
	})
	added := regexp.MustCompile(`threads auto: path .*: \d+ links? more: .*: it has (\d+) links now`)
	s.until("links are added", func() bool { return len(added.FindAllString(s.txSaid.String(), -1)) >= 2 })
	return s
}

// TestLabAuto: where the kernel's send buffer holds each link back, threads auto adds links, and the sender says which setting it is.
func TestLabAuto(t *testing.T) {
	p := hosts(t)
	s := p.heldBack(t)
	s.until("the sender names the setting", func() bool {
		const held = `the send buffer holds its links back \d+ % of the time: raise the last number of net.ipv4.tcp_wmem here`
		return regexp.MustCompile(held).MatchString(s.txSaid.String())
	})
	s.enough()
	s.finish()
}

// TestLabAutoEnough: links that bring nothing more are dropped again. On a busy machine noise may look like a gain.
func TestLabAutoEnough(t *testing.T) {
	p := measured(t)
	s := p.heldBack(t)
	s.until("links are dropped that bring nothing", func() bool {
		return regexp.MustCompile(`before: dropped, it has \d+ links\n`).MatchString(s.txSaid.String())
	})
	s.enough()
	s.finish()
}

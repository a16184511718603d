package main_test

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"viamillipede/bench/result"
	"viamillipede/netio/lab"
)

// benchEnd is a bench that runs on a side of a lab.
type benchEnd struct {
	*lab.Cmd
	t    *testing.T
	name string
	said *lab.Text // standard output and error
}

// startBench starts a bench; its words are in the test's log when that fails.
func (p programs) startBench(t *testing.T, l *lab.Lab, side lab.Side, words ...string) *benchEnd {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	t.Cleanup(cancel)
	b := &benchEnd{l.Command(ctx, side, p.viamillipede, append([]string{"bench"}, words...)...), t, side.String(), &lab.Text{}}
	b.Stdout, b.Stderr = b.said, b.said
	if err := b.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("%s:\n%s", b.name, b.said)
		}
	})
	return b
}

// until waits until the bench has said something so many times.
func (b *benchEnd) until(expr string, times int) {
	b.t.Helper()
	const pause = 10 * time.Millisecond
	late := time.After(settleTime)
	for len(regexp.MustCompile("(?m)"+expr).FindAllString(b.said.String(), times)) < times {
		select {
		case <-time.After(pause):
		case <-late:
			b.t.Fatalf("%s never said %s", b.name, expr)
		}
	}
}

// ends waits for the bench's end.
func (b *benchEnd) ends(statuses ...int) {
	b.t.Helper()
	got := b.Status()
	for _, s := range statuses {
		if got == s {
			return
		}
	}
	b.t.Errorf("%s: exit status %d, want one of %v", b.name, got, statuses)
}

// TestLabBench: two hosts measure over two paths, each prints both ends, and strangers, a dead receiver and a dead sender are
// said.
func TestLabBench(t *testing.T) {
	p := hosts(t)
	l := lab.New(t, lab.Config{Paths: 2, Queues: 2})
	control := fmt.Sprint(labPort)
	tx := func(words ...string) *benchEnd {
		all := []string{"tx", l.Address(lab.RX, 0), control, "tx", l.Address(lab.RX, 1), control, "threads", "4"}
		return p.startBench(t, l, lab.TX, append(all, words...)...)
	}
	rx := p.startBench(t, l, lab.RX, "rx", control, "verbose", "1")
	rx.until(`listening on`, 1)

	file := filepath.Join(t.TempDir(), "results")
	first := tx("seconds", "0.3", "rounds", "2", "warmup", "0.2", "sweep", "io", "copy,auto", "verbose", "2", "json", file)
	first.ends(0)
	first.until(`^    4  io=copy `, 1)
	first.until(`^    \d  io=.* \d$`, 1) // lanes are known, where a round had enough to tell
	first.until(`^        receive queues: p[01]/[01] `, 1)
	first.until(`^ +3  198\.18\.1\.2:`, 4)
	rx.until(`^    4  io=copy `, 1)
	f, err := result.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	if h := f.Hosts["rx"]; h.NIC != "p0" || len(f.Results) != 4 {
		t.Errorf("%d results, from %+v", len(f.Results), h)
	}

	t.Run("Strangers", func(t *testing.T) {
		during := tx("seconds", "1", "rounds", "1", "verbose", "1")
		during.until(`round 1 of 1`, 1)
		address := net.JoinHostPort(l.Address(lab.RX, 0), control)
		for _, words := range []string{"GET / HTTP/1.0\r\n\r\n", "\xf6VMP and so on", strings.Repeat("\x00", 100)} {
			c, err := l.Dial(t.Context(), lab.TX, address)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if _, err := c.Write([]byte(words)); err != nil {
				t.Fatal(err)
			}
		}
		rx.until(`refused 198\.18\.0\.1:\d+: .* bench`, 3)
		during.ends(0)
	})

	t.Run("SenderKilled", func(t *testing.T) {
		victim := tx("seconds", "50", "verbose", "2")
		victim.until(`tx: link 0 up`, 1)
		if err := victim.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		victim.ends(128 + 9)
		rx.until(`viamillipede bench rx: the bench at 198\.18\.0\.1:\d+ is gone`, 1)
		tx("seconds", "0.1", "rounds", "1").ends(0)
	})

	t.Run("ReceiverKilled", func(t *testing.T) {
		orphan := tx("seconds", "50", "verbose", "2")
		orphan.until(`tx: link 0 up`, 1)
		if err := rx.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		orphan.ends(5, 7)
		if took := time.Since(begun); took > settleTime/2 {
			t.Errorf("it took %v to notice", took)
		}
		orphan.until(`^viamillipede: the bench at 198\.18\.0\.2:\d+ is gone`, 1)
	})
}

package engine

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"viamillipede/affinity"
	"viamillipede/netio"
)

func TestFormatBytes(t *testing.T) {
	for n, want := range map[uint64]string{
		0: "0 B", 1: "1 B", 1023: "1023 B", 1024: "1.00 KiB", 1536: "1.50 KiB", 10 << 10: "10 KiB", 100 << 10: "100 KiB",
		999 << 10: "999 KiB", 1000 << 10: "0.98 MiB", 1 << 20: "1.00 MiB", 12345678: "11.77 MiB", 1 << 30: "1.00 GiB",
		5 << 40: "5.00 TiB", 1 << 60: "1024 PiB",
	} {
		if got := formatBytes(n); got != want {
			t.Errorf("%d bytes: %q, want %q", n, got, want)
		}
	}
}

func TestSummaryLine(t *testing.T) {
	for _, c := range []struct {
		sum  Summary
		want string
	}{
		{
			Summary{EnginePath: "copy"},
			"0 bytes (0 B) in 0.000 s, 0 B/s, 0 links lost, engine path: copy",
		},
		{
			Summary{Bytes: 3 << 20, Elapsed: 1500 * time.Millisecond, LinksLost: 2, Refused: 1, EnginePath: "splice"},
			"3145728 bytes (3.00 MiB) in 1.500 s, 2.00 MiB/s, 2 links lost, 1 strangers refused, engine path: splice",
		},
		{
			Summary{Bytes: 1 << 30, Elapsed: time.Second, LinksLost: 7, Cuts: 5, LegsResent: 9, BytesResent: 9000,
				EnginePath: "copy", sender: true},
			"1073741824 bytes (1.00 GiB) in 1.000 s, 1.00 GiB/s, 7 links lost (5 cut by chaos), 9 legs resent, " +
				"9000 bytes resent, engine path: copy",
		},
	} {
		if got := c.sum.String(); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

func TestStatusTable(t *testing.T) {
	now := time.Unix(1000, 0)
	rows := []row{
		{index: 0, path: "host1:8834", state: "up", bytes: 10 << 20, since: now.Add(-2 * time.Second), inFlight: 3,
			rate: 5 << 20, heard: now.Add(-300 * time.Millisecond),
			info: netio.Info{RTT: 1234567, Cwnd: 10, Retransmits: 4, CPU: 1, NAPI: 8197}},
		{index: 11, path: "[2001:db8::1]:9", state: "dialling", since: now.Add(-time.Minute), loop: 1},
		{index: 2, path: "host2:8834", order: 1, state: "down", since: now.Add(-90 * time.Second)},
		{index: 3, path: "host2:8834", order: 1, state: "stalls", since: now.Add(-3 * time.Second), bytes: 1 << 20,
			heard: now.Add(-3 * time.Second), info: netio.Info{CPU: -1}},
	}
	for _, c := range []struct {
		columns int
		want    string
	}{
		{0, `
  link             path     state    for     bytes        rate  heard     RTT  cwnd  retrans  legs  CPU  NAPI  loop
     0       host1:8834        up     2s    10 MiB  5.00 MiB/s   0.3s  1.23ms    10        4     3    1  8197     0
    11  [2001:db8::1]:9  dialling     1m         -           -      -       -     -        -     -    -     -     1
     2       host2:8834      down  1m30s         -           -      -       -     -        -     -    -     -     0
     3       host2:8834    stalls     3s  1.00 MiB       0 B/s     3s      0s     0        0     0    -     -     0
`},
		{66, `
  link  path     state    for     bytes        rate  heard     RTT
     0     1        up     2s    10 MiB  5.00 MiB/s   0.3s  1.23ms
    11     1  dialling     1m         -           -      -       -
     2     2      down  1m30s         -           -      -       -
     3     2    stalls     3s  1.00 MiB       0 B/s     3s      0s
`},
		{10, `
  link     state        rate
     0        up  5.00 MiB/s
    11  dialling           -
     2      down           -
     3    stalls       0 B/s
`},
	} {
		var b strings.Builder
		writeRows(&b, c.columns, rows, now)
		if got := "\n" + b.String(); got != c.want {
			t.Errorf("%d columns: got:%s\nwant:%s", c.columns, got, c.want)
		}
	}
}

// Paths with long names are numbered where there is no room for the names, and a path without a link says why.
func TestStatusOfPaths(t *testing.T) {
	now := time.Unix(1000, 0)
	paths := []pathRow{
		{PathSummary: PathSummary{Name: "host1.last-resort.example.com:8834", Links: 2, Bytes: 1 << 30, Share: 1, Rate: 1 << 20,
			RTT: 1234567, RescuedTo: 7, Head: 0.5}, now: 2 << 20},
		{PathSummary: PathSummary{Name: "host2:8834", LinksLost: 3, RescuedFrom: 7}, since: now.Add(-12 * time.Second), why: "connection refused"},
	}
	for _, c := range []struct {
		columns int
		want    string
	}{
		{0, `
                                path  links     bytes    share        rate        mean     RTT  lost  rescued from  rescued to    head
  host1.last-resort.example.com:8834      2  1.00 GiB  100.0 %  2.00 MiB/s  1.00 MiB/s  1.23ms     0             0           7  50.0 %
                          host2:8834      0       0 B    0.0 %       0 B/s       0 B/s      0s     3             7           0   0.0 %
path host2:8834 has no link for 12 s: connection refused
`},
		{66, `
path 1: host1.last-resort.example.com:8834
path 2: host2:8834
  path  links     bytes    share        rate     RTT  lost    head
     1      2  1.00 GiB  100.0 %  2.00 MiB/s  1.23ms     0  50.0 %
     2      0       0 B    0.0 %       0 B/s      0s     3   0.0 %
path 2 has no link for 12 s: connection refused
`},
	} {
		var b strings.Builder
		writePaths(&b, c.columns, paths, now)
		if got := "\n" + b.String(); got != c.want {
			t.Errorf("%d columns: got:%s\nwant:%s", c.columns, got, c.want)
		}
	}
}

func TestFold(t *testing.T) {
	for _, c := range []struct {
		line string
		most int
		want string
	}{
		{"one two three", 0, "one two three"}, {"one two three", 13, "one two three"},
		{"one two three", 9, "one two\n    three"}, {"a-word-that-has-no-place to go", 8, "a-word-that-has-no-place\n    to\n    go"},
	} {
		if got := fold(c.line, c.most); got != c.want {
			t.Errorf("%q in %d: %q, want %q", c.line, c.most, got, c.want)
		}
	}
}

// What a link has carried in the last second: a link that carries nothing any more stands at 0 a second later.
func TestPulse(t *testing.T) {
	var p pulse
	at, bytes := time.Unix(1000, 0), uint64(0)
	tick := func(n int, more uint64) {
		for range n {
			at, bytes = at.Add(250*time.Millisecond), bytes+more
			p.beat(at, bytes)
		}
	}
	if got := p.rate(at, 0); got != 0 {
		t.Errorf("before anything: %d", got)
	}
	tick(2, 1000)
	if got := p.rate(at.Add(125*time.Millisecond), bytes+500); got != 4000 {
		t.Errorf("of a young link: %d, want 4000", got)
	}
	tick(10, 2000)
	if got := p.rate(at, bytes); got != 8000 {
		t.Errorf("%d, want 8000", got)
	}
	tick(2, 0)
	if got := p.rate(at, bytes); got != 4000 {
		t.Errorf("half a second after its end: %d, want 4000", got)
	}
	tick(2, 0)
	if got := p.rate(at, bytes); got != 0 {
		t.Errorf("a second after its end: %d, want 0", got)
	}
	if got := p.rate(at, bytes-1); got != 0 {
		t.Errorf("of bytes that are taken back: %d, want 0", got)
	}
}

func TestLogLevels(t *testing.T) {
	var b bytes.Buffer
	log := NewLog(&b, "tx: ", LevelLinks)
	log.Printf(LevelError, "a")
	log.Printf(LevelLinks, "b %d", 1)
	log.Printf(LevelChoices, "c")
	if want := "tx: a\ntx: b 1\n"; b.String() != want {
		t.Errorf("%q, want %q", b.String(), want)
	}
	for want := LevelLinks + 1; want <= levelMost; want++ {
		if got := log.Raise(); got != want || !log.On(want) || log.On(want+1) {
			t.Errorf("level %d, want %d", got, want)
		}
	}
	if got := log.Raise(); got != 0 {
		t.Errorf("level %d after the highest, want 0", got)
	}
}

func TestStatusLoops(t *testing.T) {
	rows := []row{
		{index: 0, state: "up", heard: time.Unix(1, 0), loop: 0, info: netio.Info{CPU: 3}},
		{index: 1, state: "up", heard: time.Unix(1, 0), loop: 0, info: netio.Info{CPU: -1}},
		{index: 2, state: "up", heard: time.Unix(1, 0), loop: 1, info: netio.Info{CPU: 3}},
		{index: 3, state: "dialling", loop: 1},
	}
	for want, at := range map[string]*placement{
		"loop 0: CPU 3, node 1: 2 links, 1 of them come in on its CPU\nloop 1: CPU 8: 1 link, 0 of them come in on its CPU\n": {
			cpus: []int{3, 8}, machine: &affinity.Machine{CPUs: []affinity.CPU{{ID: 3, Node: 1}}},
		},
		"loop 0: any CPU: 2 links, 0 of them come in on its CPU\nloop 1: any CPU: 1 link, 0 of them come in on its CPU\n": {
			cpus: []int{-1, -1},
		},
	} {
		var b strings.Builder
		writeLoops(&b, 0, at, rows)
		if got := b.String(); got != want {
			t.Errorf("got:\n%swant:\n%s", got, want)
		}
	}
}

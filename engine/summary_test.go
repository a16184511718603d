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
			info: netio.Info{RTT: 1234567, Cwnd: 10, Retransmits: 4, CPU: 1, NAPI: 8197}},
		{index: 11, path: "[2001:db8::1]:9", state: "dialling", loop: 1},
		{index: 2, path: "host2:8834", state: "down"},
	}
	want := `
  link             path     state   bytes        rate     RTT  cwnd  retrans  legs  CPU  NAPI  loop
     0       host1:8834        up  10 MiB  5.00 MiB/s  1.23ms    10        4     3    1  8197     0
    11  [2001:db8::1]:9  dialling       -           -       -     -        -     -    -     -     1
     2       host2:8834      down       -           -       -     -        -     -    -     -     0
`
	var b strings.Builder
	writeRows(&b, rows, now)
	if got := "\n" + b.String(); got != want {
		t.Errorf("got:%s\nwant:%s", got, want)
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
		{index: 0, state: "up", loop: 0, info: netio.Info{CPU: 3}},
		{index: 1, state: "up", loop: 0, info: netio.Info{CPU: -1}},
		{index: 2, state: "up", loop: 1, info: netio.Info{CPU: 3}},
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
		writeLoops(&b, at, rows)
		if got := b.String(); got != want {
			t.Errorf("got:\n%swant:\n%s", got, want)
		}
	}
}

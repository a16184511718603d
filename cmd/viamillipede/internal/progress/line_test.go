package progress

import (
	"strings"
	"testing"
	"time"

	"viamillipede/cmd/viamillipede/internal/meter"
)

var busy = meter.View{
	Met: true, Bytes: 13314398617, Of: 85899345920, Now: 1299227607, Average: 1181116006, Left: 58 * time.Second,
	Paths: 3, PathsUp: 2, Links: 16, Lost: 4, Waits: meter.Links,
}

func TestLine(t *testing.T) {
	still := busy
	still.Now, still.Left, still.Waits, still.Still = 0, -1, meter.Sink, 75*time.Second
	unsized := busy
	unsized.Of, unsized.Left, unsized.Paths = 0, -1, 0
	for _, c := range []struct {
		name    string
		view    meter.View
		columns int
		want    string
	}{
		{"", busy, 39, "12.4 GiB  15 %  1.21 GiB/s  58s left"},
		{"", busy, 79, "12.4 GiB  of 80 GiB  15 %  1.21 GiB/s  58s left  2/3 paths  waits for links"},
		{"", busy, 299, "12.4 GiB  of 80 GiB  15 %  1.21 GiB/s  10.4 Gbit/s  mean 1.10 GiB/s  9.45 Gbit/s  58s left  2/3 paths  4 lost  waits for links"},
		{"tx", busy, 39, "tx:  12.4 GiB  15 %  1.21 GiB/s"},
		{"", still, 39, "12.4 GiB  0 B/s  waits for sink 1:15"},
		{"", unsized, 79, "12.4 GiB  1.21 GiB/s  10.4 Gbit/s  16 links  4 lost  waits for links"},
		{"", meter.View{Left: -1}, 79, "waiting for the peer 12s"},
		{"", meter.View{Comparing: true, Bytes: 1 << 30, Of: 4 << 30}, 79, "comparing  1.00 GiB  of 4.00 GiB  25 %  of what is there"},
	} {
		if got := Line(c.name, c.view, 12*time.Second, c.columns); got != c.want {
			t.Errorf("%d columns:\n%q, want\n%q", c.columns, got, c.want)
		}
	}
}

// TestLinesFit: no line is longer than there is room, however much of it there is to say, and none of more room says less.
func TestLinesFit(t *testing.T) {
	last := 0
	for columns := range 301 {
		line := Line("tx", busy, 0, columns)
		if len(line) > columns {
			t.Errorf("%d characters for %d columns", len(line), columns)
		}
		if parts := len(strings.Split(line, gap)); columns > 40 {
			if parts < last {
				t.Errorf("%d columns have %d parts, fewer have %d", columns, parts, last)
			}
			last = parts
		}
	}
}

func TestClock(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", 7 * time.Second: "7s", 65 * time.Second: "1:05", 2*time.Hour + 3*time.Minute + 9*time.Second: "2:03:09", 124 * time.Hour: "5d4h",
	} {
		if got := clock(d); got != want {
			t.Errorf("%v is %s, want %s", d, got, want)
		}
	}
}

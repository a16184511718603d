package words

import (
	"errors"
	"testing"
	"time"

	"viamillipede/engine/observe"
)

func TestSummaryLine(t *testing.T) {
	asked := observe.EnginePath{Why: errors.New("as asked")}
	for _, c := range []struct {
		sum  observe.Summary
		want string
	}{
		{
			observe.Summary{EnginePath: asked},
			"0 bytes (0 B) in 0.000 s, 0 B/s, 0 links lost, engine path: copy (read, write): as asked",
		},
		{
			observe.Summary{Bytes: 3 << 20, Elapsed: 1500 * time.Millisecond, LinksLost: 2, Refused: 1, EnginePath: observe.EnginePath{Plane: observe.PlaneToPipe, Legs: 2, Copied: 1}},
			"3145728 bytes (3.00 MiB) in 1.500 s, 2.00 MiB/s, 2 links lost, 1 strangers refused, engine path: splice (socket to pipe) for 2 legs, 1 legs copied",
		},
		{
			observe.Summary{Bytes: 1 << 30, Elapsed: time.Second, LinksLost: 7, Cuts: 5, LegsResent: 9, BytesResent: 9000,
				EnginePath: asked, Sender: true},
			"1073741824 bytes (1.00 GiB) in 1.000 s, 1.00 GiB/s, 7 links lost (5 cut by chaos), 9 legs resent, " +
				"9000 bytes resent, engine path: copy (read, write): as asked",
		},
		{
			observe.Summary{Bytes: 3 << 20, Unsent: 2 << 20, Elapsed: time.Second, EnginePath: asked},
			"3145728 bytes (3.00 MiB, 2.00 MiB of it not sent: holes, or there already) in 1.000 s, 1.00 MiB/s, 0 links lost, " +
				"engine path: copy (read, write): as asked",
		},
	} {
		if got := Summary(c.sum); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

// A path is named once, and a receiver says nothing of what only a sender knows.
func TestPathSummaryLine(t *testing.T) {
	for _, c := range []struct {
		p      observe.PathSummary
		sender bool
		want   string
	}{
		{observe.PathSummary{Name: "a:1", Bytes: 1 << 20, Share: 1, Rate: 1 << 20, RTT: time.Millisecond, Head: 0.5}, true,
			"path a:1: 1.00 MiB (100.0 %), 1.00 MiB/s, round trip 1ms, 0 links lost, legs rescued: 0 from it, 0 by it, head for 50.0 % of the time"},
		{observe.PathSummary{Name: "path 1 from 192.0.2.1", Bytes: 1 << 20, Share: 1, Rate: 1 << 20}, true,
			"path 1 from 192.0.2.1: 1.00 MiB (100.0 %), 1.00 MiB/s, round trip 0s, 0 links lost, legs rescued: 0 from it, 0 by it, head for 0.0 % of the time"},
		{observe.PathSummary{Name: "a:1", Bytes: 1 << 20, Share: 1, Rate: 1 << 20, LinksLost: 2}, false,
			"path a:1: 1.00 MiB (100.0 %), 1.00 MiB/s, 2 links lost"},
		{observe.PathSummary{Name: "path 2", NeverUp: true}, true, "path 2: never up: no answer yet"},
	} {
		if got := PathSummary(c.p, c.sender); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

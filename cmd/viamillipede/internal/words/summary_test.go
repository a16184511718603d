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
	} {
		if got := Summary(c.sum); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

package ways

import (
	"testing"
	"time"

	"viamillipede/engine/schedule"
)

func TestJitterSpreadsRarePauses(t *testing.T) {
	k := &keeper{d: &Dialer{cfg: Config{Timing: schedule.Default()}}}
	for _, c := range [][2]time.Duration{{time.Second, 1250 * time.Millisecond}, {time.Minute, 2 * time.Minute}} {
		least, most := 2*c[1], time.Duration(0)
		for range 1000 {
			d := k.jitter(c[0])
			least, most = min(least, d), max(most, d)
		}
		if least < c[0] || most > c[1] || most-least < (c[1]-c[0])/2 {
			t.Errorf("%v becomes %v to %v, want up to %v", c[0], least, most, c[1])
		}
	}
}

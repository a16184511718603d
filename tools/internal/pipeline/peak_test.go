package pipeline

import "testing"

func TestParsePeak(t *testing.T) {
	if kib, err := parsePeak("Name:\tx\nVmPeak:\t 900 kB\nVmHWM:\t   123 kB\n"); err != nil || kib != 123 {
		t.Errorf("peak %d, %v", kib, err)
	}
	if _, err := parsePeak("Name:\tx\n"); err == nil {
		t.Error("a status without a peak was accepted")
	}
}

// Peaks are those of the ends, and are there only if asked for.
func TestPeaksOfAStream(t *testing.T) {
	for _, watched := range []bool{true, false} {
		plan := relayed(t)
		plan.Watched = watched
		r, err := Run(t.Context(), plan)
		if err != nil || (r.TX.Peak > 0) != watched || (r.RX.Peak > 0) != watched {
			t.Errorf("watched %v: %+v, %v", watched, r, err)
		}
	}
}

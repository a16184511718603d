package engine

import "time"

// doubt is how much a link is doubted whose legs had to be rescued. The zero doubt is none.
type doubt struct {
	much float64   // 0 to doubtLimit
	grew time.Time // last
}

// good notes that legs arrived.
func (d *doubt) good(now time.Time) {
	d.much /= 2
	if now.Sub(d.grew) >= doubtMost {
		d.much = 0
	}
}

// bad notes that other links had to be asked for help.
func (d *doubt) bad(now time.Time) {
	if now.Sub(d.grew) >= doubtPause {
		d.grew, d.much = now, min(1+2*d.much, doubtLimit)
	}
}

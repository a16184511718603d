package schedule

import "time"

// Doubt is how much a link is doubted because its legs had to be rescued. The zero doubt is none.
type Doubt struct {
	Much float64   // 0 to doubtLimit
	grew time.Time // last
}

// Good notes that legs arrived.
func (d *Doubt) Good(now time.Time) {
	d.Much /= 2
	if now.Sub(d.grew) >= doubtMost {
		d.Much = 0
	}
}

// Bad notes that other links had to be asked for help.
func (d *Doubt) Bad(now time.Time) {
	if now.Sub(d.grew) >= doubtPause {
		d.grew, d.Much = now, min(1+2*d.Much, doubtLimit)
	}
}

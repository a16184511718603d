package progress

import (
	"fmt"
	"time"

	"viamillipede/cmd/viamillipede/internal/words"
)

// Crowd is how a program stands that serves many streams.
type Crowd struct {
	Running, Most  int // now, and at the same time at most
	Served, Failed int // that have ended
	Bytes          uint64
}

// CrowdLine is a crowd in a line as Line is for one stream; rate is in bytes a second.
func CrowdLine(c Crowd, rate float64, columns int) string {
	parts := []part{
		{fmt.Sprintf("%d of %s", c.Running, words.Number(c.Most, "stream")), 0},
		{fmt.Sprintf("%d served", c.Served), 2},
		{words.Bytes(c.Bytes), 3},
		{words.Bytes(uint64(rate)) + "/s", 0},
		{bits(rate), 4},
	}
	if c.Failed > 0 {
		parts = append(parts, part{fmt.Sprintf("%d failed", c.Failed), 1})
	}
	return fit(parts, columns)
}

// Pace is how fast a crowd moves, from one look to the next. The zero Pace is ready to use, by one goroutine.
type Pace struct {
	looks []paceLook // of the last paceOver, oldest first
}

type paceLook struct {
	at    time.Time
	bytes uint64
}

// paceOver is the time over which a rate of the moment is measured.
const paceOver = 2 * time.Second

// Look notes how many bytes there are by now, and returns the rate in bytes a second.
func (p *Pace) Look(now time.Time, bytes uint64) float64 {
	p.looks = append(p.looks, paceLook{now, bytes})
	for len(p.looks) > 2 && now.Sub(p.looks[1].at) >= paceOver {
		p.looks = append(p.looks[:0], p.looks[1:]...)
	}
	first := p.looks[0]
	if took := now.Sub(first.at).Seconds(); took > 0 && bytes > first.bytes {
		return float64(bytes-first.bytes) / took
	}
	return 0
}

package stream

import (
	"testing"
	"time"
)

// What a link has carried in the last second: a link that carries nothing any more stands at 0 a second later.
func TestPulse(t *testing.T) {
	var p Pulse
	at, bytes := time.Unix(1000, 0), uint64(0)
	tick := func(n int, more uint64) {
		for range n {
			at, bytes = at.Add(250*time.Millisecond), bytes+more
			p.Beat(at, bytes)
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

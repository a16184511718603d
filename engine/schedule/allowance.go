package schedule

import (
	"math"
	"time"
)

// step is a path, and what stands between it and those before it.
type step struct {
	spill  time.Duration
	links  int  // that can carry something
	silent bool // nothing gets through on them at the moment

	bytes   float64 // that it took so far
	sampled float64 // of these, at the last sample
	rate    float64 // that it took lately, in bytes a second
	peak    float64 // likewise, at its fastest; falls slowly
	known   bool    // there was a sample
	mean    float64 // bytes a second, idle time and all
	meant   float64 // bytes, when that was last brought up to date

	base  float64   // bytes that the paths before it had taken when they were last idle, or less long ago
	since time.Time // when that was

	helps     bool
	told      bool      // likewise, as it was last told
	allowance float64   // bytes a second
	probing   bool      // the allowance is a guess
	spare     float64   // seconds for which the paths before it were idle since then
	exact     bool      // it is no longer a guess once the idle time is over
	credit    float64   // bytes that it may still take; below 0: it is in debt
	leg       float64   // bytes of the last one
	paid      time.Time // when credit was last brought up to date
	calm      time.Time // when the paths before it were last idle, but for moments while it probes
	beyond    float64   // bytes that it, and those after it, had taken then
	mark      time.Time // the last time that the allowance was compared with what is used of it
	marked    float64   // bytes as beyond, then
}

// able reports whether the path can carry something.
func (p *step) able() bool { return p.links > 0 && !p.silent }

// begin has the path help.
func (p *step) begin(allowance float64, now time.Time) {
	p.helps, p.allowance, p.credit, p.paid = true, allowance, 0, now
	p.probing, p.spare, p.exact = true, 0, false
}

// leaveOff has a path that was the first take as much as it did, now that it no longer is.
func (p *step) leaveOff(now time.Time) {
	if p.mean > 0 && p.spill > SpillAtOnce {
		p.begin(p.mean, now)
		p.probing = false
	}
}

// pay brings the credit up to date, and the allowance if it is used up.
func (p *step) pay(scale float64, now time.Time) {
	d := now.Sub(p.paid)
	p.paid = now
	if p.credit < 0 {
		if !p.probing && now.Sub(p.calm) >= calmTimes*p.spill {
			p.probing, p.spare = true, 0
		}
		grow := min(d, lookMost).Seconds()
		if p.probing {
			p.allowance *= math.Exp2(grow / growTime.Seconds())
		} else {
			p.allowance += scale * grow / (idleWeight * p.spill.Seconds())
		}
	}
	p.credit = min(p.credit+p.allowance*d.Seconds(), max(p.allowance*creditTime.Seconds(), 2*p.leg))
}

// fall lowers the allowance of a path because those before it had room for so many seconds.
func (p *step) fall(idle, scale float64) {
	if !p.helps {
		return
	}
	p.allowance -= scale * idle / p.spill.Seconds()
	p.credit = min(p.credit, p.allowance*creditTime.Seconds())
	if p.allowance < scale/1000 {
		p.helps, p.probing, p.allowance = false, false, 0
	}
}

// rest accounts for a time in which the paths before this one, which carry scale bytes a second, had room. They took so many bytes
// so far, and it and those after it so many.
func (p *step) rest(idle time.Duration, now time.Time, before, beyond, scale float64) {
	if p.probing {
		p.spare += idle.Seconds()
		if busy := now.Sub(p.calm).Seconds(); idleWeight*p.spare >= busy {
			p.allowance, p.exact = min(p.allowance, (beyond-p.beyond)/busy), true
			p.credit = min(p.credit, p.allowance*creditTime.Seconds())
		}
	} else {
		p.calm, p.beyond = now, beyond
		if took := now.Sub(p.mark); took >= 2*p.spill {
			p.allowance = min(p.allowance, (beyond-p.marked)/took.Seconds())
			p.mark, p.marked = now, beyond
		}
		p.fall(idle.Seconds(), scale)
	}
	p.paid = now
	full := scale * p.spill.Seconds()
	p.base = min(before, max(p.base, before-sinceMost*full)+idleWeight*scale*idle.Seconds())
	p.since = now.Add(-max(0, min(now.Sub(p.since), sinceMost*p.spill)-(1+idleWeight)*idle))
}

// goOn notes that the idle time is over.
func (p *step) goOn(now time.Time, beyond float64) {
	if p.exact {
		p.probing, p.exact = false, false
		p.calm, p.beyond = now, beyond
		p.mark, p.marked = now, beyond
	}
}

package schedule

import "time"

// sample measures what the paths carry while none has room.
func (o *Order) sample(busy time.Duration) {
	begins := o.span < 0
	o.span += busy
	switch {
	case begins && o.span >= 0:
		o.span, o.taken = 0, 0
		for i := range o.paths {
			o.paths[i].sampled = o.paths[i].bytes
		}
		return
	case o.span < sampleSpan || o.taken < sampleLegs && o.span < sampleLong:
		return
	}
	for i := range o.paths {
		p := &o.paths[i]
		p.rate = (p.bytes - p.sampled) / o.span.Seconds()
		p.peak = max(p.rate, p.peak*FlowKeeps)
		p.sampled, p.known = p.bytes, true
	}
	o.span, o.taken = 0, 0
}

// average measures what they carry all in all, idle time included.
func (o *Order) average(now time.Time) {
	took := now.Sub(o.meant)
	if took < sampleSpan {
		return
	}
	for i := range o.paths {
		p := &o.paths[i]
		p.mean += ((p.bytes-p.meant)/took.Seconds() - p.mean) * min(1, float64(took)/float64(meanSpan))
		p.meant = p.bytes
	}
	o.meant = now
}

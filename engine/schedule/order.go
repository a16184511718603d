package schedule

import (
	"sync"
	"sync/atomic"
	"time"
)

// Order keeps the user's order of paths under load that comes in bursts. A path takes new legs only when the paths before it have
// been short of what the source has for a while: when what has waited for them takes them longer than the path's spill.
//
// How much waits cannot be seen: a producer is held back as soon as its pipe is full. But a link that asks for a leg and gets none
// shows that nothing waits. So what is kept for each path after the first is for how long, in time and in bytes, the paths before it
// have had no such idle moment:
//
//	bytes that they took without one / what they carry now  >= spill     -> the path may help
//	time without one                                        >= 2 spill   likewise, though they get faster and faster (slow start)
//
// Idle time counts idleWeight times, so they count as full when they are idle for less than a fiftieth of the time.
//
// A path that helps takes no more than the paths before it lack, so that they stay full, however large the bursts are: it has an
// allowance in bytes a second.
//
//	it begins to help                          -> a quarter of what they carry, doubled each growTime while it is used up
//	they have the first idle moment after that -> what was taken beyond them, by the time it took: nothing waited before or after
//	the allowance is used up                   -> it grows by growShare of what they carry, in a second
//	they are idle                              -> it falls, idleWeight times as fast; at 0 the path no longer helps
//	no idle moment for calmTimes spill         -> doubled again, while it is used up
//
// A path that fails is replaced at once: the paths after it may take as much more as it carried. The first path with a link that can
// carry something has no path before it, and is never held back.
//
// Any thread may call its methods. A nil Order holds nothing back.
type Order struct {
	mu      sync.Mutex
	paths   []step    // in the user's order; guarded by mu, as is all below
	at      time.Time // how far time has been accounted for
	idle    time.Time // since then some path has room and nothing to put there; zero: none has
	idlePos int       // the first such path

	silent  atomic.Int32                                    // paths on which nothing gets through, to be read without the lock
	changed func(path int, helps bool, spill time.Duration) // is told when a path begins or ends to help; not under mu
	turned  bool                                            // one has done so

	span  time.Duration // since the last sample of what the paths carry, idle time left out
	taken int           // legs in it
	meant time.Time     // when the means were last brought up to date
}

// NewOrder makes an Order for paths with these spills; see SpillAtOnce and SpillNever. It tells changed, on any thread, when a path
// begins or ends to help. nil: there is only one.
func NewOrder(spills []time.Duration, changed func(path int, helps bool, spill time.Duration)) *Order {
	if len(spills) < 2 {
		return nil
	}
	o := &Order{paths: make([]step, len(spills)), changed: changed}
	for i, s := range spills {
		o.paths[i].spill = s
	}
	return o
}

// SetSpill gives a path another spill than it was made with, for when its links are up.
func (o *Order) SetSpill(path int, spill time.Duration) {
	if o == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.paths[path].spill = spill
}

// unlock ends a call, and tells what has changed.
func (o *Order) unlock() {
	if !o.turned {
		o.mu.Unlock()
		return
	}
	o.turned = false
	var news []int
	for i := range o.paths {
		if p := &o.paths[i]; p.helps != p.told {
			p.told = p.helps
			news = append(news, i)
		}
	}
	helps, spills := make([]bool, len(news)), make([]time.Duration, len(news))
	for n, i := range news {
		helps[n], spills[n] = o.paths[i].told, o.paths[i].spill
	}
	o.mu.Unlock()
	for n, i := range news {
		o.changed(i, helps[n], spills[n])
	}
}

// Links notes that a path has so many more links that can carry something, or fewer.
func (o *Order) Links(path, more int, now time.Time) {
	if o == nil || more == 0 {
		return
	}
	o.mu.Lock()
	defer o.unlock()
	o.advance(now)
	p := &o.paths[path]
	was, first := p.able(), o.first()
	p.links += more
	if p.links == 0 && p.silent {
		p.silent = false
		o.silent.Add(-1)
	}
	switch {
	case was && !p.able():
		o.replace(path, now)
	case !was && p.able():
		o.back(path, first, now)
	}
}

// Late notes that a leg is late, or its link gets nothing through, on a path that has been quiet for so long. With that round trip, and
// a queue that takes so long, it counts as down until Heard says otherwise if it should not be quiet any more.
func (o *Order) Late(path int, quiet, rtt, queue time.Duration, now time.Time) {
	if o == nil || quiet < StalledAfter(rtt, queue, LateLeast, ForEver) {
		return
	}
	o.mu.Lock()
	defer o.unlock()
	o.advance(now)
	if p := &o.paths[path]; p.able() {
		p.silent = true
		o.silent.Add(1)
		o.replace(path, now)
	}
}

// Heard notes that something gets through on a path.
func (o *Order) Heard(path int, now time.Time) {
	if o == nil || o.silent.Load() == 0 {
		return
	}
	o.mu.Lock()
	defer o.unlock()
	o.advance(now)
	if p := &o.paths[path]; p.silent {
		first := o.first()
		p.silent = false
		o.silent.Add(-1)
		o.back(path, first, now)
	}
}

// back notes that a path can carry something again, and which one was the first before that: it goes on with what it carries, until the
// one that is back shows what it can do.
func (o *Order) back(path, first int, now time.Time) {
	if first > path && first < len(o.paths) {
		o.turned = true
		o.paths[first].leaveOff(now)
	}
}

// Took notes that a link of the path took a new leg.
func (o *Order) Took(path, bytes int, now time.Time) {
	if o == nil {
		return
	}
	o.mu.Lock()
	defer o.unlock()
	o.advance(now)
	o.goOn(now)
	p := &o.paths[path]
	p.bytes += float64(bytes)
	p.leg = float64(bytes)
	p.credit -= float64(bytes)
	o.taken++
}

// Fed notes that there was a new leg for a link that had room, though it turned out to have none.
func (o *Order) Fed(now time.Time) {
	if o == nil {
		return
	}
	o.mu.Lock()
	defer o.unlock()
	o.advance(now)
	o.goOn(now)
}

// Room notes that a link of the path could take a leg, and that there is none, or that nobody could take more. What the path has taken
// keeps it busy for so long.
func (o *Order) Room(path int, work time.Duration, now time.Time) {
	if o == nil {
		return
	}
	o.mu.Lock()
	defer o.unlock()
	o.advance(now)
	from := now.Add(max(0, min(work, workMost)))
	if o.idle.IsZero() {
		o.idle, o.idlePos = from, path
		return
	}
	if o.idlePos = min(o.idlePos, path); from.Before(o.idle) {
		o.idle = from
	}
}

// May reports whether a path may take a new leg now. Its links have asked in vain for one that was sent before.
func (o *Order) May(path int, now time.Time) bool {
	if o == nil {
		return true
	}
	o.mu.Lock()
	defer o.unlock()
	o.advance(now)
	p := &o.paths[path]
	if o.first() >= path {
		return true
	}
	if p.spill < 0 {
		return false
	}
	scale := o.scale(path)
	for i := range path {
		if o.paths[i].able() && o.paths[i].spill >= 0 && o.holds(i, now) {
			p.fall(min(now.Sub(p.paid), lookMost).Seconds(), scale)
			o.turned = o.turned || p.helps != p.told
			p.paid = now
			return false
		}
	}
	if p.spill <= SpillAtOnce {
		return true
	}
	if !p.helps && o.ready(path, now) {
		p.begin(max(scale/startPart, startLeast), now)
		o.turned = true
	}
	if !p.helps {
		return false
	}
	p.pay(scale, now)
	return p.credit >= 0
}

// first is the first path with a link that can carry something; the number of paths if there is none.
func (o *Order) first() int {
	for i := range o.paths {
		if o.paths[i].able() {
			return i
		}
	}
	return len(o.paths)
}

// holds reports whether a path, which has links, is held back itself, so that it has room.
func (o *Order) holds(path int, now time.Time) bool {
	p := &o.paths[path]
	if p.spill <= SpillAtOnce || o.first() >= path {
		return false
	}
	return !p.helps || p.credit+p.allowance*now.Sub(p.paid).Seconds() < 0
}

// ready reports whether the paths before this one have been short for long enough.
func (o *Order) ready(path int, now time.Time) bool {
	p := &o.paths[path]
	if now.Sub(p.since) >= 2*p.spill {
		return true
	}
	bytes, rate, known := 0.0, 0.0, false
	for i := range o.paths[:path] {
		q := &o.paths[i]
		bytes, rate, known = bytes+q.bytes, rate+q.rate, known || q.known
	}
	if rate == 0 {
		return known && now.Sub(p.since) >= p.spill
	}
	return bytes-p.base >= rate*p.spill.Seconds()
}

// scale is what the paths before this one carry at their fastest, in bytes a second.
func (o *Order) scale(path int) (rate float64) {
	for i := range o.paths[:path] {
		if o.paths[i].able() {
			rate += o.paths[i].peak
		}
	}
	return rate
}

// replace has the paths after one that fails take what it carried.
func (o *Order) replace(path int, now time.Time) {
	p := &o.paths[path]
	rate := p.mean
	p.rate, p.peak, p.mean = 0, 0, 0
	if rate == 0 {
		return
	}
	for i := max(path, o.first()) + 1; i < len(o.paths); i++ {
		p := &o.paths[i]
		if p.spill > SpillAtOnce {
			p.begin(p.allowance+rate, now)
			o.turned = true
		}
	}
}

// advance accounts for the time until now.
func (o *Order) advance(now time.Time) {
	if o.at.IsZero() {
		o.at, o.meant = now, now
		for i := range o.paths {
			o.paths[i].since, o.paths[i].calm = now, now
		}
	}
	d := now.Sub(o.at)
	if d <= 0 {
		return
	}
	idle := time.Duration(0)
	if !o.idle.IsZero() {
		idle = max(0, now.Sub(Later(o.at, o.idle)))
	}
	o.at = now
	o.average(now)
	if unseen := d - gapMost; unseen > 0 && o.idle.IsZero() {
		o.skip(unseen)
		d = gapMost
	}
	if idle > 0 {
		o.rest(idle, now)
		o.span, o.taken = -sampleSpan, 0 // what comes next fills the buffers first
		return
	}
	o.sample(d)
}

// skip leaves a time out in which this program did not run, or had nothing to look at: nobody can say how busy the paths were.
func (o *Order) skip(unseen time.Duration) {
	for i := range o.paths {
		p := &o.paths[i]
		p.since, p.calm, p.mark, p.paid = p.since.Add(unseen), p.calm.Add(unseen), p.mark.Add(unseen), p.paid.Add(unseen)
	}
}

// goOn ends an idle time.
func (o *Order) goOn(now time.Time) {
	if o.idle.IsZero() {
		return
	}
	beyond := 0.0
	for i := len(o.paths) - 1; i > 0; i-- {
		beyond += o.paths[i].bytes
		if i > o.idlePos {
			o.paths[i].goOn(now, beyond)
		}
	}
	o.idle = time.Time{}
}

// rest accounts for a time in which some path had room, and which ends now.
func (o *Order) rest(idle time.Duration, now time.Time) {
	beyond, before, scale := 0.0, 0.0, 0.0
	for i := range o.paths {
		beyond += o.paths[i].bytes
	}
	for i := range o.paths {
		p := &o.paths[i]
		if i > o.idlePos {
			p.rest(idle, now, before, beyond, scale)
			o.turned = o.turned || p.helps != p.told
		}
		before += p.bytes
		beyond -= p.bytes
		if p.able() {
			scale += p.peak
		}
	}
}

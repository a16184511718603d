package window

import (
	"slices"
	"time"

	"viamillipede/engine/schedule"
)

// Resend gives the caller's link the first leg that must be sent again, and makes the caller a holder of it; nil if there is none, or
// if it does not suit the link: so many bytes, which some link has sent before, or none has.
func (w *Window) Resend(suits func(bytes int, sent bool) bool) *Leg {
	if w.waiting.Load() == 0 {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.again) > 0 {
		l := w.leg(w.again[0])
		if l != nil && l.waiting && !suits(l.Length, l.times.Load() > 0) {
			return nil
		}
		w.again = w.again[1:]
		w.waiting.Store(int32(len(w.again)))
		if l == nil || !l.waiting {
			continue
		}
		l.waiting, l.by, l.late = false, noLink, noLink
		l.carriers++
		l.holds.Add(1)
		if l.times.Add(1) > 1 {
			w.resent.add(l.Length)
		}
		return l
	}
	return nil
}

// OnItsWay notes which link, on which path, has begun to send the leg of that number, unless the peer has it already.
func (w *Window) OnItsWay(number uint64, link, path int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if l := w.leg(number); l != nil {
		l.by, l.path = link, path
	}
}

// Offer lets other links also send a leg that is late on the caller's link, the only one that has it. expects is when it should arrive
// there; the zero time: nobody can tell. same is for links of the same path. It returns false if another link has it, the peer has it,
// or rescues have used up their share.
func (w *Window) Offer(number uint64, expects time.Time, same SameWay) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	l := w.leg(number)
	if l == nil || l.waiting || l.offered || l.carriers != 1 || w.spent() {
		return false
	}
	l.offered, l.expects, l.same = true, expects, same
	w.offers = w.insert(w.offers, number)
	w.late.Store(int32(len(w.offers)))
	return true
}

// Bar sets anew for how long links of the same path are of no use to a leg that was offered.
func (w *Window) Bar(number uint64, same SameWay) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if l := w.leg(number); l != nil && l.offered {
		l.same = same
	}
}

// SameWay is until when links of the same path are of no use to a leg that is late.
type SameWay struct {
	Queued time.Time // all of them
	Moving time.Time // those that have shown no rate yet
}

// bars reports whether a link of the same path is of no use now; fresh is one that has shown no rate.
func (s SameWay) bars(fresh bool, now time.Time) bool {
	return now.Before(s.Queued) || fresh && now.Before(s.Moving)
}

// Rescue gives the caller's link, on the given path, the oldest leg offered by another link that it can bring soon, and sooner than
// that link, by what eta says: whichever copy arrives first counts. nil if there is none. The caller becomes a carrier and a holder;
// from is the path that the leg was late on.
func (w *Window) Rescue(link, path int, fresh bool, now time.Time, soon time.Duration, eta func(bytes int) time.Duration) (l *Leg, from int) {
	if w.late.Load() == 0 {
		return nil, 0
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.spent() {
		return nil, 0
	}
	w.offers = slices.DeleteFunc(w.offers, func(n uint64) bool {
		l := w.leg(n)
		return l == nil || l.waiting || l.carriers != 1 || !l.offered
	})
	defer func() { w.late.Store(int32(len(w.offers))) }()
	for i, n := range w.offers {
		l := w.leg(n)
		takes := eta(l.Length)
		if l.by == link || l.path == path && l.same.bars(fresh, now) || takes > soon || !l.expects.IsZero() && !now.Add(takes).Before(l.expects) {
			continue
		}
		w.offers = slices.Delete(w.offers, i, i+1)
		l.offered = false
		l.late, l.latePath = l.by, l.path
		l.carriers++
		l.times.Add(1)
		l.holds.Add(1)
		w.resent.add(l.Length)
		w.rescued.add(l.Length)
		return l, l.path
	}
	return nil, 0
}

// spent reports whether rescues have used up their share; under mu.
func (w *Window) spent() bool {
	return w.rescued.Bytes > w.sent/schedule.RescueShare+schedule.RescueLeast
}

// GiveBack undoes a resend, a rescue or an add of which the link has sent nothing: the leg waits for another link, or is offered as
// before. The caller is no longer a holder.
func (w *Window) GiveBack(l *Leg) {
	w.mu.Lock()
	if l.times.Load() > 1 {
		w.resent.Legs--
		w.resent.Bytes -= uint64(l.Length)
	}
	l.times.Add(-1)
	if l.carriers > 1 {
		w.rescued.Legs--
		w.rescued.Bytes -= uint64(l.Length)
		w.reoffer(l)
	}
	w.abandon(l.Number)
	w.mu.Unlock()
	l.Drop()
}

// reoffer puts a leg back among the offers, unless the peer has it; under mu.
func (w *Window) reoffer(l *Leg) {
	if w.leg(l.Number) != l || l.offered {
		return
	}
	l.offered = true
	w.offers = w.insert(w.offers, l.Number)
	w.late.Store(int32(len(w.offers)))
}

// Lost notes that a link which carried the legs is gone: those that no other link carries are sent again. It returns how many. Legs
// with which it helped another link are as late there as before, and are offered again.
func (w *Window) Lost(numbers []uint64, link int) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, number := range numbers {
		if w.abandon(number) {
			n++
		} else if l := w.leg(number); l != nil && l.carriers == 1 && l.late != noLink && l.by == link {
			l.by, l.path, l.late = l.late, l.latePath, noLink
			w.reoffer(l)
		}
	}
	return n
}

// abandon takes one carrier away, and queues the leg if that was the last; under mu.
func (w *Window) abandon(number uint64) bool {
	l := w.leg(number)
	if l == nil {
		return false
	}
	l.carriers--
	if l.carriers > 0 || l.waiting {
		return false
	}
	l.waiting, l.offered = true, false
	w.again = w.insert(w.again, number)
	w.waiting.Store(int32(len(w.again)))
	return true
}

// insert puts the number into a list that is sorted by distance from base; under mu.
func (w *Window) insert(numbers []uint64, number uint64) []uint64 {
	at, _ := slices.BinarySearchFunc(numbers, number-w.base, func(a, distance uint64) int {
		return int(int64((a - w.base) - distance))
	})
	return slices.Insert(numbers, at, number)
}

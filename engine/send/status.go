package send

import (
	"slices"
	"time"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/observe"
	"viamillipede/engine/schedule"
	"viamillipede/engine/send/ways"
	"viamillipede/engine/window"
)

// LinkStatus is part of stream.Half.
func (s sendEnd) LinkStatus() []observe.LinkStatus {
	links := make([]observe.LinkStatus, s.dialer.Links())
	for i := range links {
		p := s.dialer.Home(i)
		links[i] = observe.LinkStatus{Index: i, Path: p.String(), Order: p.Order, State: s.missing(i, p), Loop: s.loopOf(i)}
	}
	s.life.Mu.Lock()
	for i := range links {
		if links[i].Since = s.left[i]; links[i].Since.IsZero() {
			links[i].Since = s.life.Started
		} else if links[i].State != stream.StateNone {
			links[i].State = observe.StateDown
		}
	}
	s.life.Mu.Unlock()
	for _, l := range s.loops {
		for _, up := range l.Describe() {
			links[up.Index] = up
		}
	}
	return slices.DeleteFunc(links, func(l observe.LinkStatus) bool { return l.State == stream.StateNone })
}

// missing is the state of a link that is not up.
func (s *Sender) missing(link int, home *ways.Path) observe.State {
	if !s.dialer.Keeps(link) {
		return stream.StateNone
	}
	if home.Failure() != nil {
		return observe.StateDown
	}
	return observe.StateDialling
}

// windowStatus is nil until the receiver is met.
func (s *Sender) windowStatus() *observe.WindowStatus {
	s.life.Mu.Lock()
	defer s.life.Mu.Unlock()
	if !s.met {
		return nil
	}
	w := s.window.State()
	return &observe.WindowStatus{
		Next: w.Next, Received: w.Base, Delivered: w.Delivered, Credit: w.Credit, Waiting: w.Waiting, Kept: w.Kept, Limit: w.Limit,
		InUse: s.pool.InUse(), Buffers: s.buffers,
	}
}

// Status describes the link; on its loop's thread.
func (k *txlink) Status() stream.LinkStatus {
	k.measure()
	l := k.Link.Describe(k.acknowledged(), len(k.carried), k.s.time.Beat)
	l.Order = k.path.Order
	if since, stuck := k.stuck(); stuck && (l.State == observe.StateUp || since.Before(l.Since)) {
		l.State, l.Since = observe.StateStalled, since
	}
	return l
}

// acknowledged is how many bytes of legs have left and were acknowledged by the peer's kernel, as it was last measured; of a kernel that
// does not tell, what the socket has taken.
func (k *txlink) acknowledged() uint64 {
	taken := k.Bytes
	if k.leg != nil {
		taken += uint64(k.leg.Length - k.unwritten())
	} else if len(k.carried) == 0 && !k.headway.stalled {
		return taken
	}
	return taken - min(taken, uint64(k.queue.InNetwork+k.queue.Unsent))
}

// stuck reports whether nothing gets through of what the link carries, and since when.
func (k *txlink) stuck() (since time.Time, stuck bool) {
	if k.headway.stalled {
		return k.headway.moved, true
	}
	if len(k.trips) == 0 || k.headway.excused || !k.queue.Told {
		return time.Time{}, false
	}
	since = schedule.Later(k.headway.moved, k.trips[0].From)
	return since, k.Loop.Now.Sub(since) >= k.stalledAfter()
}

// describePaths adds up what the links say of each path.
func describePaths(paths []*ways.Path, sums []observe.PathSummary, links []observe.LinkStatus) []observe.PathStatus {
	all := make([]observe.PathStatus, len(paths))
	for i, p := range paths {
		all[i] = observe.PathStatus{PathSummary: sums[i]}
		for _, l := range links {
			if l.Order == i && l.Up() {
				all[i].Now += l.Rate
			}
		}
		if sums[i].Links == 0 {
			all[i].Since = p.DownSince()
		}
	}
	return all
}

// Fill is part of stream.Half.
func (s sendEnd) Fill(snap *observe.Snapshot) {
	snap.Paths, snap.Window = describePaths(s.paths, snap.Summary.Paths, snap.Links), s.windowStatus()
}

// Bytes is part of stream.Half.
func (s sendEnd) Bytes() uint64 { return s.in.Size() }

// Account is part of stream.Half.
func (s sendEnd) Account(sum *observe.Summary) {
	s.life.Mu.Lock()
	defer s.life.Mu.Unlock()
	sum.Sender, sum.Cuts, sum.EnginePath = true, uint64(s.chaos.Cuts.Load()), s.enginePath()
	var held [window.MaxPaths]time.Duration
	if s.met {
		w := s.window.State()
		sum.LegsResent, sum.BytesResent, sum.WindowFull, held = w.Resent.Legs, w.Resent.Bytes, w.Full, w.Held
	}
	sum.Paths = s.pathSummaries(sum.Elapsed, held[:])
}

// pathSummaries is what each path did in that time; held is for how long each had the oldest missing leg.
func (s *Sender) pathSummaries(elapsed time.Duration, held []time.Duration) []observe.PathSummary {
	all := make([]observe.PathSummary, len(s.paths))
	total := uint64(0)
	for i, p := range s.paths {
		bytes := uint64(p.Bytes.Load())
		total += bytes
		all[i] = observe.PathSummary{
			Name: p.String(), Links: p.Links(), Bytes: bytes, Rate: observe.PerSecond(bytes, elapsed), RTT: time.Duration(p.RTT.Load()),
			LinksLost: uint64(p.Lost.Load()), RescuedFrom: uint64(p.RescuedFrom.Load()), RescuedTo: uint64(p.RescuedTo.Load()),
			Head: ratio(float64(held[i]), float64(elapsed)), NeverUp: p.NeverUp(), Last: p.Failure(),
		}
	}
	for i := range all {
		all[i].Share = ratio(float64(all[i].Bytes), float64(total))
	}
	return all
}

// ratio is the share of a in b; 0 if there is nothing to share.
func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return min(a/b, 1)
}

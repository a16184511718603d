package send

import (
	"slices"
	"time"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/observe"
	"viamillipede/engine/window"
)

// LinkStatus is part of stream.Half.
func (s sendEnd) LinkStatus() []observe.LinkStatus {
	links := make([]observe.LinkStatus, s.reach.Links())
	for i := range links {
		links[i] = observe.LinkStatus{Index: i, State: s.reach.State(i), Loop: s.loopOf(i)}
		if p := s.reach.Home(i); p != nil {
			links[i].Path, links[i].Order = p.String(), p.Order
		}
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
			for i := len(links); i <= up.Index; i++ { // a receiver has been met since the links were counted
				links = append(links, observe.LinkStatus{Index: i, State: stream.StateNone})
			}
			links[up.Index] = up
		}
	}
	return slices.DeleteFunc(links, func(l observe.LinkStatus) bool { return l.State == stream.StateNone })
}

// windowStatus is nil until the receiver is met.
func (s *Sender) windowStatus() *observe.WindowStatus {
	s.life.Mu.Lock()
	defer s.life.Mu.Unlock()
	if !s.met {
		return nil
	}
	w := s.fleet.Window.State()
	return &observe.WindowStatus{
		Next: w.Next, Received: w.Base, Delivered: w.Delivered, Credit: w.Credit, Waiting: w.Waiting, Kept: w.Kept, Limit: w.Limit,
		InUse: s.pool.InUse(), Buffers: s.buffers,
	}
}

// Status describes the link; on its loop's thread.
func (k *txlink) Status() stream.LinkStatus {
	k.Measure()
	l := k.Link.Describe(k.Acknowledged(), len(k.Carried), k.Quiet.Every(k.s.time))
	l.Order = k.Path.Order
	if since, stuck := k.Stuck(); stuck && (l.State == observe.StateUp || since.Before(l.Since)) {
		l.State, l.Since = observe.StateStalled, since
	}
	return l
}

// Fill is part of stream.Half.
func (s sendEnd) Fill(snap *observe.Snapshot) {
	snap.Paths, snap.Window = s.reach.Statuses(snap.Summary.Paths, snap.Links), s.windowStatus()
}

// Bytes is part of stream.Half.
func (s sendEnd) Bytes() uint64 { return s.in.Size() }

// Account is part of stream.Half.
func (s sendEnd) Account(sum *observe.Summary) {
	s.life.Mu.Lock()
	defer s.life.Mu.Unlock()
	sum.Sender, sum.Cuts, sum.EnginePath, sum.Unsent = true, uint64(s.chaos.Cuts.Load()), s.enginePath(), s.in.Unsent()
	sum.Coding = s.in.Coding()
	var held [window.MaxPaths]time.Duration
	if s.met {
		w := s.fleet.Window.State()
		sum.LegsResent, sum.BytesResent, sum.WindowFull, held = w.Resent.Legs, w.Resent.Bytes, w.Full, w.Held
	}
	if d := s.done.Load(); d != nil {
		sum.PeerBytes = &d.Bytes
	}
	sum.Refused = s.reach.Refused()
	sum.Paths = s.reach.Summaries(sum.Elapsed, held[:])
}

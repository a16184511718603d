package engine

import (
	"slices"
	"time"

	"viamillipede/engine/loop"
	"viamillipede/engine/observe"
	"viamillipede/engine/schedule"
	"viamillipede/engine/send/ways"
	"viamillipede/netio/sockstats"
)

// stateNone is that of a link that is not wanted.
const stateNone observe.State = -1

// linkStatus is how a link stands, as its loop says, and where to read what was counted on it.
type linkStatus struct {
	observe.LinkStatus
	counted *sockstats.Link // nil: no socket statistics
}

// read adds what was counted on the link. It walks through a map, so it does not run on a loop's thread.
func (l linkStatus) read() observe.LinkStatus {
	if l.counted != nil {
		stats := l.counted.Read()
		l.Counts = &stats
	}
	return l.LinkStatus
}

// status describes the link, which has carried so many bytes, and whose peer beats so often; on its loop's thread.
func (k *Link) status(carried uint64, inFlight int, beat time.Duration) linkStatus {
	l := linkStatus{observe.LinkStatus{
		Index: k.index, Path: k.name, Order: -1, State: observe.StateUp, Since: k.upSince, Loop: k.loop.ID, Bytes: k.bytes,
		Rate: k.pulse.Rate(k.loop.Now, carried), Heard: k.heard, Kernel: k.conn.Info(), InFlight: inFlight,
	}, k.counted}
	if k.loop.Now.Sub(k.heard) >= silentBeats*beat {
		l.State, l.Since = observe.StateStalled, k.heard
	}
	return l
}

// silentBeats is how many heartbeats of the peer have to be missing before a link counts as stalled.
const silentBeats = 2

// Snapshot is how the sending end stands. Any goroutine may call it at any time; it takes as long as the busiest loop needs to answer.
func (s *Sender) Snapshot() observe.Snapshot { return s.curtain.Snapshot(s.snapshot, s.Summary) }

func (s *Sender) snapshot() observe.Snapshot {
	links := s.linkStatus()
	now := time.Now()
	sum := s.summary(now)
	return observe.Snapshot{
		Time: now, Summary: sum, Links: links, Loops: s.placed.Load().Describe(), Paths: describePaths(s.paths, sum.Paths, links),
		Uncounted: s.gauge.Lost(), Window: s.windowStatus(),
	}
}

// linkStatus describes every link that there should be.
func (s *Sender) linkStatus() []observe.LinkStatus {
	links := make([]observe.LinkStatus, s.dialer.Links())
	for i := range links {
		p := s.dialer.Home(i)
		links[i] = observe.LinkStatus{Index: i, Path: p.String(), Order: p.Order, State: s.missing(i, p), Loop: s.loopOf(i)}
	}
	s.mu.Lock()
	for i := range links {
		if links[i].Since = s.left[i]; links[i].Since.IsZero() {
			links[i].Since = s.started
		} else if links[i].State != stateNone {
			links[i].State = observe.StateDown
		}
	}
	s.mu.Unlock()
	for _, l := range s.loops {
		for _, up := range loop.Ask(l.Loop, schedule.StatusPatience, l.describe) {
			links[up.Index] = up.read()
		}
	}
	return slices.DeleteFunc(links, func(l observe.LinkStatus) bool { return l.State == stateNone })
}

// missing is the state of a link that is not up.
func (s *Sender) missing(link int, home *ways.Path) observe.State {
	if !s.dialer.Keeps(link) {
		return stateNone
	}
	if home.Failure() != nil {
		return observe.StateDown
	}
	return observe.StateDialling
}

// windowStatus is nil until the receiver is met.
func (s *Sender) windowStatus() *observe.WindowStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.met {
		return nil
	}
	w := s.window.State()
	return &observe.WindowStatus{
		Next: w.Next, Received: w.Base, Delivered: w.Delivered, Credit: w.Credit, Waiting: w.Waiting, Kept: w.Kept, Limit: w.Limit,
		InUse: s.pool.InUse(), Buffers: s.buffers,
	}
}

func (l *txloop) describe() []linkStatus {
	var links []linkStatus
	for _, k := range l.links {
		links = append(links, k.status())
	}
	return links
}

// status describes the link; on its loop's thread.
func (k *txlink) status() linkStatus {
	k.measure()
	l := k.Link.status(k.acknowledged(), len(k.carried), k.s.time.Beat)
	l.Order = k.path.Order
	if since, stuck := k.stuck(); stuck && (l.State == observe.StateUp || since.Before(l.Since)) {
		l.State, l.Since = observe.StateStalled, since
	}
	return l
}

// acknowledged is how many bytes of legs have left and were acknowledged by the peer's kernel, as it was last measured; of a kernel that
// does not tell, what the socket has taken.
func (k *txlink) acknowledged() uint64 {
	taken := k.bytes
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
	return since, k.loop.Now.Sub(since) >= k.stalledAfter()
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

// Snapshot is how the receiving end stands. Any goroutine may call it at any time; it takes as long as the busiest loop needs to answer.
func (r *Receiver) Snapshot() observe.Snapshot { return r.curtain.Snapshot(r.snapshot, r.Summary) }

func (r *Receiver) snapshot() observe.Snapshot {
	links := r.linkStatus()
	now := time.Now()
	return observe.Snapshot{
		Time: now, Summary: r.summary(now), Links: links, Loops: r.placed.Load().Describe(), Uncounted: r.gauge.Lost(), Ring: r.ringStatus(),
	}
}

// linkStatus describes all links, those that were lost and did not come back among them.
func (r *Receiver) linkStatus() []observe.LinkStatus {
	var links []observe.LinkStatus
	up := make(map[int]bool)
	for _, l := range r.loops {
		for _, k := range loop.Ask(l.Loop, schedule.StatusPatience, l.describe) {
			links = append(links, k.read())
			up[k.Index] = true
		}
	}
	r.mu.Lock()
	for _, gone := range r.left {
		if !up[gone.Index] {
			links = append(links, gone)
		}
	}
	r.mu.Unlock()
	slices.SortFunc(links, func(a, b observe.LinkStatus) int { return a.Index - b.Index })
	return links
}

// lostStatus describes a link that is lost now.
func (k *rxlink) lostStatus() observe.LinkStatus {
	return observe.LinkStatus{Index: k.index, Path: k.name, Order: -1, State: observe.StateDown, Since: k.loop.Now, Loop: k.loop.ID}
}

// ringStatus is nil until the sender is met.
func (r *Receiver) ringStatus() *observe.RingStatus {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.tenure.Met() {
		return nil
	}
	return &observe.RingStatus{
		Next: uint64(r.ring.Next()), Received: uint64(r.ring.Received()), Depth: int(r.ring.Depth()), Credit: int(r.credit),
		InUse: r.pool.InUse(), Buffers: len(r.legs), SinkFull: r.out.Full(),
	}
}

func (l *rxloop) describe() []linkStatus {
	var links []linkStatus
	for _, k := range l.links {
		links = append(links, k.status())
	}
	return links
}

// status describes the link; on its loop's thread.
func (k *rxlink) status() linkStatus {
	inFlight := 0
	if k.state.has() {
		inFlight = 1
	}
	return k.Link.status(k.arrived(), inFlight, k.r.time.Beat)
}

// arrived is how many bytes of legs have come in, those of the leg that is not whole included.
func (k *rxlink) arrived() uint64 {
	if k.state.inLeg() {
		return k.bytes + uint64(k.got)
	}
	return k.bytes
}

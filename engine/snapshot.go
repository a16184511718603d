package engine

import (
	"slices"
	"time"

	"viamillipede/engine/loop"
	"viamillipede/engine/schedule"
	"viamillipede/netio"
	"viamillipede/netio/sockstats"
)

// Snapshot is how a stream stands at one end. It belongs to the caller.
type Snapshot struct {
	Time    time.Time
	Ended   bool    // the stream is over: of what follows, only Summary is filled in
	Summary Summary // without its Links

	Links     []LinkStatus
	Loops     []LoopStatus   // by their number
	Paths     []PathStatus   // at the sender, in the order given
	Uncounted sockstats.Lost // what came in and was not counted, because there are too many flows
	Window    *WindowStatus  // at a sender that has met its receiver
	Ring      *RingStatus    // at a receiver that has met its sender
}

// State is how a link stands. Dialling becomes Up, Up becomes Stalled and Down, Stalled becomes Up and Down, Down becomes Up.
type State int

// The states.
const (
	StateDialling State = iota // it was never up, and its path has not failed
	StateUp
	StateStalled // it is up, but nothing gets through
	StateDown    // it was up, or cannot be dialled
)

// LinkStatus is how one link stands.
type LinkStatus struct {
	Index    int
	Path     string // for people
	Order    int    // of the path, from 0; -1 at a receiver, which knows none
	State    State
	Since    time.Time // of State
	Loop     int
	Bytes    uint64
	Rate     uint64           // bytes in the last second
	Heard    time.Time        // when the last bytes came in; zero: there is no link
	Kernel   netio.Info       // what the kernel says about it
	InFlight int              // legs
	Counts   *sockstats.Stats // what came in on it; nil: no socket statistics
}

// Up reports whether the link exists; it may be stalled.
func (l LinkStatus) Up() bool { return !l.Heard.IsZero() }

// LoopStatus is where one loop runs.
type LoopStatus struct {
	CPU  int // -1: it is not pinned
	Node int // NUMA node; -1: there is only one, or it is not known
}

// PathStatus is how one path stands.
type PathStatus struct {
	PathSummary
	Now   uint64    // bytes in the last second
	Since time.Time // since when it has no link; zero: it never had one, or has one now
}

// WindowStatus is how the window stands.
type WindowStatus struct {
	Next      uint64 // number of the next new leg
	Received  uint64 // every leg before this one is received
	Delivered uint64 // every leg before this one is delivered
	Credit    uint64 // legs that may be sent beyond Delivered
	Waiting   int    // legs to be sent again
	Kept      int64  // bytes of the legs kept
	Limit     int64  // bytes that may be kept
	InUse     int    // buffers
	Buffers   int    // all of them
}

// RingStatus is how the ring and the sink behind it stand.
type RingStatus struct {
	Next     uint64 // number of the next leg for the sink
	Received uint64 // every leg before this one is received
	Depth    int    // legs here beyond Next
	Credit   int    // legs that the sender may send beyond Next
	InUse    int    // buffers
	Buffers  int    // all of them
	SinkFull bool   // the consumer is behind
}

// snapshot returns what f makes; once the stream is over, only the summary.
func (c *curtain) snapshot(f func() Snapshot, sum func() Summary) (s Snapshot) {
	if c.look(func() { s = f() }) {
		return s
	}
	return Snapshot{Time: time.Now(), Ended: true, Summary: sum()}
}

// stateNone is that of a link that is not wanted.
const stateNone State = -1

// linkStatus is how a link stands, as its loop says, and where to read what was counted on it.
type linkStatus struct {
	LinkStatus
	counted *sockstats.Link // nil: no socket statistics
}

// read adds what was counted on the link. It walks through a map, so it does not run on a loop's thread.
func (l linkStatus) read() LinkStatus {
	if l.counted != nil {
		stats := l.counted.Read()
		l.Counts = &stats
	}
	return l.LinkStatus
}

// describe says where the loops run.
func (p *placement) describe() []LoopStatus {
	var loops []LoopStatus
	for _, cpu := range p.cpus {
		loops = append(loops, LoopStatus{CPU: cpu, Node: p.node(cpu)})
	}
	return loops
}

// status describes the link, which has carried so many bytes, and whose peer beats so often; on its loop's thread.
func (k *Link) status(carried uint64, inFlight int, beat time.Duration) linkStatus {
	l := linkStatus{LinkStatus{
		Index: k.index, Path: k.name, Order: -1, State: StateUp, Since: k.upSince, Loop: k.loop.ID, Bytes: k.bytes,
		Rate: k.pulse.rate(k.loop.Now, carried), Heard: k.heard, Kernel: k.conn.Info(), InFlight: inFlight,
	}, k.counted}
	if k.loop.Now.Sub(k.heard) >= silentBeats*beat {
		l.State, l.Since = StateStalled, k.heard
	}
	return l
}

// silentBeats is how many heartbeats of the peer have to be missing before a link counts as stalled.
const silentBeats = 2

// Snapshot is how the sending end stands. Any goroutine may call it at any time; it takes as long as the busiest loop needs to answer.
func (s *Sender) Snapshot() Snapshot { return s.curtain.snapshot(s.snapshot, s.Summary) }

func (s *Sender) snapshot() Snapshot {
	links := s.linkStatus()
	now := time.Now()
	sum := s.summary(now)
	return Snapshot{
		Time: now, Summary: sum, Links: links, Loops: s.placed.Load().describe(), Paths: describePaths(s.paths, sum.Paths, links),
		Uncounted: s.gauge.lost(), Window: s.windowStatus(),
	}
}

// linkStatus describes every link that there should be.
func (s *Sender) linkStatus() []LinkStatus {
	links := make([]LinkStatus, len(s.homes))
	for i, p := range s.homes {
		links[i] = LinkStatus{Index: i, Path: p.String(), Order: p.order, State: s.missing(i, p), Loop: s.loopOf(i)}
	}
	s.mu.Lock()
	for i := range links {
		if links[i].Since = s.left[i]; links[i].Since.IsZero() {
			links[i].Since = s.started
		} else if links[i].State != stateNone {
			links[i].State = StateDown
		}
	}
	s.mu.Unlock()
	for _, l := range s.loops {
		for _, up := range loop.Ask(l.Loop, schedule.StatusPatience, l.describe) {
			links[up.Index] = up.read()
		}
	}
	return slices.DeleteFunc(links, func(l LinkStatus) bool { return l.State == stateNone })
}

// missing is the state of a link that is not up.
func (s *Sender) missing(link int, home *pathState) State {
	if !s.planned[link].Load() {
		return stateNone
	}
	if _, _, _, last := home.state(); last != nil {
		return StateDown
	}
	return StateDialling
}

// windowStatus is nil until the receiver is met.
func (s *Sender) windowStatus() *WindowStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.met {
		return nil
	}
	w := s.window.State()
	return &WindowStatus{
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
	l.Order = k.path.order
	if since, stuck := k.stuck(); stuck && (l.State == StateUp || since.Before(l.Since)) {
		l.State, l.Since = StateStalled, since
	}
	return l
}

// acknowledged is how many bytes of legs have left and were acknowledged by the peer's kernel, as it was last measured; of a kernel that
// does not tell, what the socket has taken.
func (k *txlink) acknowledged() uint64 {
	taken := k.bytes
	if k.leg != nil {
		taken += uint64(k.leg.Length - k.unwritten())
	} else if len(k.carried) == 0 && !k.watch.stalled {
		return taken
	}
	return taken - min(taken, uint64(k.queue.InNetwork+k.queue.Unsent))
}

// stuck reports whether nothing gets through of what the link carries, and since when.
func (k *txlink) stuck() (since time.Time, stuck bool) {
	if k.watch.stalled {
		return k.watch.moved, true
	}
	if len(k.trips) == 0 || k.watch.excused || !k.queue.Told {
		return time.Time{}, false
	}
	since = schedule.Later(k.watch.moved, k.trips[0].From)
	return since, k.loop.Now.Sub(since) >= k.stalledAfter()
}

// describePaths adds up what the links say of each path.
func describePaths(paths []*pathState, sums []PathSummary, links []LinkStatus) []PathStatus {
	all := make([]PathStatus, len(paths))
	for i, p := range paths {
		all[i] = PathStatus{PathSummary: sums[i]}
		for _, l := range links {
			if l.Order == i && l.Up() {
				all[i].Now += l.Rate
			}
		}
		if sums[i].Links == 0 {
			all[i].Since = p.downSince()
		}
	}
	return all
}

// Snapshot is how the receiving end stands. Any goroutine may call it at any time; it takes as long as the busiest loop needs to answer.
func (r *Receiver) Snapshot() Snapshot { return r.curtain.snapshot(r.snapshot, r.Summary) }

func (r *Receiver) snapshot() Snapshot {
	links := r.linkStatus()
	now := time.Now()
	return Snapshot{
		Time: now, Summary: r.summary(now), Links: links, Loops: r.placed.Load().describe(), Uncounted: r.gauge.lost(), Ring: r.ringStatus(),
	}
}

// linkStatus describes all links, those that were lost and did not come back among them.
func (r *Receiver) linkStatus() []LinkStatus {
	var links []LinkStatus
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
	slices.SortFunc(links, func(a, b LinkStatus) int { return a.Index - b.Index })
	return links
}

// lostStatus describes a link that is lost now.
func (k *rxlink) lostStatus() LinkStatus {
	return LinkStatus{Index: k.index, Path: k.name, Order: -1, State: StateDown, Since: k.loop.Now, Loop: k.loop.ID}
}

// ringStatus is nil until the sender is met.
func (r *Receiver) ringStatus() *RingStatus {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.met {
		return nil
	}
	return &RingStatus{
		Next: uint64(r.ring.Next()), Received: uint64(r.ring.Received()), Depth: int(r.ring.Depth()), Credit: int(r.credit),
		InUse: r.pool.InUse(), Buffers: len(r.legs), SinkFull: r.out.blocked.Load(),
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

package ways

import (
	"net"
	"net/netip"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/schedule"
	"viamillipede/engine/wire"
)

// Path is one path of the command line, and what its links and attempts have shown about it.
type Path struct {
	stream.Path
	Order int // in the user's order of preference, from 0

	Traffic
	names directory
	ports sourcePorts
	told  atomic.Pointer[told] // by the peer's call, at the end that listens; nil: nothing, or this end dials
	Hole  atomic.Int64         // size in bytes of a packet that does not get through, though small ones do; 0: none

	Explained atomic.Bool // the user knows of its congestion control
	hinted    atomic.Bool // the user knows of the kernel's limits
	doubtful  atomic.Bool // a link of it had payload but carried none, and no link has carried any since

	tried chan struct{} // closed when the first attempt has ended
	once  sync.Once     // closes it

	rate  atomic.Uint64 // as Path.Rate, and as the user has changed it since; so are the next two
	spill atomic.Int64  // nanoseconds
	off   atomic.Bool   // no links by it are wanted

	mu      sync.Mutex
	up      int           // links up; guarded by mu
	lostAt  time.Time     // when the last of them was lost; guarded by mu
	refused bool          // the last attempt was answered by a host on which nobody serves us; guarded by mu
	verdict wire.Verdict  // of the last attempt that a receiver answered; guarded by mu
	last    error         // of the last attempt, nil if it succeeded; guarded by mu
	ever    bool          // it has had a link; guarded by mu
	back    chan struct{} // closed when a link of the path comes up that promises to be useful, then made anew; guarded by mu
	empty   chan struct{} // closed when the path has lost its last link, then made anew; guarded by mu
	best    netip.Addr    // the address that worked last; guarded by mu
	metAt   []netip.Addr  // those at which the peer was met; guarded by mu
}

// Traffic is what the links of a path carry, of all loops together. Each loop adds the changes of its own links.
type Traffic struct {
	Flow                   schedule.PathFlow // what they have in the network
	Trip                   atomic.Int64      // minimum round trip, in nanoseconds; 0: not known
	RTT                    atomic.Int64      // smoothed round trip of the link that was looked at last, nanoseconds
	Idle                   atomic.Int32      // links that could take a leg
	Bytes                  stream.Tally      // of legs that they have sent
	RescuedFrom, RescuedTo atomic.Int64      // legs
	Lost                   atomic.Int64      // links
}

// NewPath makes what is known of a path before anybody has tried it; order is from 0.
func NewPath(p stream.Path, order int) *Path {
	made := &Path{Path: p, Order: order, back: make(chan struct{}), empty: make(chan struct{}), tried: make(chan struct{})}
	made.rate.Store(p.Rate)
	made.spill.Store(int64(p.Spill))
	return made
}

// told is what a call has told of its path.
type told struct {
	name string
	rate uint64
}

// Limit is the most that the path's links send together, in bytes a second; 0: no limit.
func (p *Path) Limit() uint64 {
	if t := p.told.Load(); t != nil {
		return t.rate
	}
	return p.rate.Load()
}

func (p *Path) String() string {
	if t := p.told.Load(); t != nil {
		return t.name
	}
	name := net.JoinHostPort(p.Host, strconv.Itoa(int(p.Port)))
	if p.Via != (stream.Via{}) {
		name += " via " + p.Via.String()
	}
	return name
}

// note records how an attempt went; it reports whether that differs from the attempt before.
func (p *Path) note(o outcome) (news bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	news = (o.err == nil) != (p.last == nil) || o.err != nil && o.err.Error() != p.last.Error()
	p.once.Do(func() { close(p.tried) })
	p.verdict, p.last, p.refused = o.verdict, o.err, o.refused
	return news
}

// linkUp counts a link in, and reports whether it is the only one.
func (p *Path) linkUp() (first bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.up++
	if p.ever = true; !p.doubtful.Load() {
		p.tellBack()
	}
	return p.up == 1
}

// linkDown counts a link out, and reports whether it was the last.
func (p *Path) linkDown() (last bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.up--; p.up == 0 {
		p.lostAt = time.Now()
		close(p.empty)
		p.empty = make(chan struct{})
	}
	return p.up == 0
}

// downSince is when the path lost its last link; zero: it never had one.
func (p *Path) downSince() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lostAt
}

// neverUp reports whether the path never had a link.
func (p *Path) neverUp() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.ever
}

// Links is how many links are up.
func (p *Path) Links() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.up
}

// Failure is how the last attempt failed; nil: it succeeded, or none has ended yet.
func (p *Path) Failure() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last
}

// returned is closed when the path next gets a link up or, if the path is doubtful, when a link has carried something.
func (p *Path) returned() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.back
}

// recovery is returned, for a path that is down; nil, which is never closed, for a path that has a link.
func (p *Path) recovery() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.up > 0 {
		return nil
	}
	return p.back
}

// leastShare is what a link needs to live, in bytes a second. On a short path the kernel sends 64 KiB at a time and pauses
// for as long as the pace demands, heartbeats too, which must be less than Timing.Dead.
const leastShare = 64 << 10

// mostLinks is how many links the path's rate can feed and its source ports allow, at least 1.
func (p *Path) mostLinks() int {
	most := uint64(stream.MaxThreads)
	if rate := p.rate.Load(); rate != 0 {
		most = min(most, rate/leastShare)
	}
	if n := len(p.Sports.List); n > 0 {
		most = min(most, uint64(n))
	}
	return int(max(1, most))
}

// spreadLinks returns the path of each link. Links go to the paths in turn, so that earlier paths get one more when the number
// does not divide, but no path gets more than it can feed. If no path can take more, there are fewer links than asked for.
func spreadLinks(paths []*Path, links int) (homes []*Path) {
	for round := range links {
		for _, p := range paths {
			if round < p.mostLinks() && len(homes) < links {
				homes = append(homes, p)
			}
		}
	}
	return homes
}

// Share is each link's part of the path's rate, in bytes per second; 0: any.
func (p *Path) Share() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	limit := p.Limit()
	if limit == 0 {
		return 0
	}
	return max(1, limit/uint64(max(1, p.up)))
}

package outflow

import (
	"errors"
	"net"
	"time"

	"viamillipede/engine/observe"
	"viamillipede/netio"
)

// errCopies is why every leg is copied.
var errCopies = errors.New("version 1 of the wire")

// Progress is how many bytes were read from the source, and for how long there have been links. Any goroutine may call it.
func (s *Sender) Progress() (bytes uint64, elapsed time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bytes.Load(), s.elapsed()
}

// elapsed is how long there have been links. Under mu.
func (s *Sender) elapsed() time.Duration {
	switch {
	case s.first.IsZero():
		return 0
	case s.ended.IsZero():
		return time.Since(s.first)
	}
	return max(0, s.ended.Sub(s.first))
}

// Summary is what the stream has done until now, or until its end. Any goroutine may call it.
func (s *Sender) Summary() observe.Summary {
	bytes, elapsed := s.Progress()
	sum := observe.Summary{
		Sender: true, Bytes: bytes, Elapsed: elapsed, LinksLost: s.lost.Load(),
		EnginePath: observe.EnginePath{Plane: observe.PlaneCopy, Why: errCopies},
		Paths:      make([]observe.PathSummary, len(s.cfg.Paths)),
	}
	for i := range sum.Paths {
		sum.Paths[i].NeverUp = true
	}
	var all uint64
	for _, k := range s.links {
		k.addTo(&sum.Paths[k.path])
		all += k.bytes.Load()
	}
	for i := range sum.Paths {
		p := &sum.Paths[i]
		if p.Rate = observe.PerSecond(p.Bytes, elapsed); all > 0 {
			p.Share = float64(p.Bytes) / float64(all)
		}
	}
	return sum
}

// addTo adds what the link did to its path.
func (k *link) addTo(p *observe.PathSummary) {
	k.mu.Lock()
	defer k.mu.Unlock()
	p.Name = k.name
	p.Bytes += k.bytes.Load()
	if k.last != nil {
		p.Last = k.last
	}
	if k.up.IsZero() {
		return
	}
	p.NeverUp = false
	p.Links++
	if k.dropped {
		p.Links, p.LinksLost = p.Links-1, p.LinksLost+1
	}
	if rtt := infoOf(k.c).RTT; rtt > 0 {
		p.RTT = rtt
	}
}

// infoOf is what the kernel says about a connection.
func infoOf(c net.Conn) netio.Info {
	if t, ok := c.(*net.TCPConn); ok {
		return netio.InfoOf(t)
	}
	return netio.Info{CPU: -1}
}

// Snapshot is how this end stands. Any goroutine may call it at any time.
func (s *Sender) Snapshot() observe.Snapshot {
	snap := observe.Snapshot{Time: time.Now(), Ended: s.over(), Summary: s.Summary(), First: &observe.FirstStatus{Legs: s.numbers.Load()}}
	if snap.Ended {
		return snap
	}
	s.mu.Lock()
	since := s.started
	s.mu.Unlock()
	for _, p := range snap.Summary.Paths {
		snap.Paths = append(snap.Paths, observe.PathStatus{PathSummary: p})
	}
	for _, k := range s.links {
		l := k.status(since)
		snap.Links = append(snap.Links, l)
		snap.Paths[k.path].Now += l.Rate
	}
	return snap
}

// status is how the link stands, which has been dialled since then.
func (k *link) status(since time.Time) observe.LinkStatus {
	k.mu.Lock()
	defer k.mu.Unlock()
	l := observe.LinkStatus{Index: k.index, Path: k.name, Order: k.path, Bytes: k.bytes.Load(), Kernel: netio.Info{CPU: -1}, Since: since}
	if k.up.IsZero() {
		return l
	}
	l.State, l.Since, l.Heard, l.Kernel = observe.StateUp, k.up, k.up, infoOf(k.c)
	l.Rate = k.rate
	return l
}

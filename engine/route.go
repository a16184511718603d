package engine

import (
	"errors"
	"fmt"
	"sync"

	"viamillipede/engine/observe"
	"viamillipede/engine/ring"
	"viamillipede/engine/wire"
	"viamillipede/netio"
)

// route is how legs get from their sockets to the sink. Buffers are always used for small legs, for legs with a checksum and,
// except with routePlace, for legs that are not the head.
type route int

const (
	routeBuffers route = iota // every leg
	routeSplice               // the head leg goes straight into the sink, a pipe
	routePass                 // the head leg goes through a pipe of ours into the sink, a file or device
	routePlace                // every leg goes through a pipe of ours to its place in the sink, a file
)

// errAppends is why nothing is spliced into a sink that is open for appending: splice(2) does not know how.
var errAppends = errors.New("standard output is open for appending")

// open chooses the route, for which it may make so many pipes.
func (e *egress) open(sink *netio.Sink, reference bool, pipes int) {
	e.sink, e.finish, e.ended = sink, sink.Finish, make(chan struct{})
	e.news = make(chan struct{}, 1)
	begin, placed := sink.Place()
	switch {
	case !reference:
		e.why = observe.ErrAsked
		return
	case sink.Splices():
		e.route = routeSplice
		return
	case sink.Appends():
		e.why = errAppends
		return
	case placed:
		e.route, e.begin = routePlace, begin // as far as is known now
	case sink.Passes():
		e.route = routePass
	default:
		e.why = fmt.Errorf("standard output is a %v", sink)
		return
	}
	if pipes == 0 {
		e.route, e.why = routeBuffers, errFewFiles
		return
	}
	// At least two, because trying them out takes two.
	if e.pipes, e.why = netio.NewPipes(pipeSize, max(pipes, 2), nil); e.why != nil {
		e.route = routeBuffers
	}
}

func (e *egress) close() {
	if e.settled() {
		e.sink.Close()
	} else { // somebody is still in a call on one of its descriptors
		go func() {
			<-e.ended
			e.sink.Close()
		}()
	}
	if e.pipes != nil {
		e.pipes.Close()
	}
}

// cuts reports whether the head leg may go to the sink as it arrives.
func (e *egress) cuts() bool {
	return (e.route == routeSplice || e.route == routePass) && !e.sink.Refuses()
}

// path is how legs get to the sink.
func (e *egress) path() observe.EnginePath {
	switch {
	case e.route == routeBuffers:
		return observe.EnginePath{Why: e.why}
	case e.sink.Refuses():
		return observe.EnginePath{Why: fmt.Errorf("splice is refused for the %v", e.sink)}
	}
	planes := [...]observe.Plane{routeSplice: observe.PlaneToPipe, routePass: observe.PlaneToSink, routePlace: observe.PlaneToPlace}
	return observe.EnginePath{Plane: planes[e.route], Legs: e.refLegs.Load(), Copied: e.copied.Load()}
}

// places reports whether a leg that begins now goes to its place in a file. The place that it claims must fit the window, so
// that a broken peer cannot make the file longer than that.
func (r *Receiver) places(l wire.Leg, at *rxloop) bool {
	if r.out.route != routePlace || at.pipe == nil || r.out.sink.Refuses() || l.Length < cutLeast || l.Checked {
		return false
	}
	beyond := ring.Seq(l.Number).Distance(r.ring.Next())
	if l.Offset-r.out.bytes.Load() > uint64(max(0, beyond))*uint64(r.most) {
		return false
	}
	r.out.reserve(int64(l.Offset)+int64(l.Length), at.Loop)
	return true
}

// errHeldUp is why the last words of a link are not waited for: the sink has no room for what comes before them. The leg will
// come again.
var errHeldUp = errors.New("a write to the sink does not return")

// stalled are the links whose legs have waited since a call on the sink got stuck.
type stalled struct {
	mu    sync.Mutex
	links []*rxlink // guarded by mu
}

func (s *stalled) add(k *rxlink) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.links = append(s.links, k)
}

// take returns the links, and forgets them.
func (s *stalled) take() (all []*rxlink) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all, s.links = s.links, nil
	return all
}

// holdOn makes a link wait until no call on the sink is stuck.
func (k *rxlink) holdOn() error {
	k.state = rxStalled
	k.r.out.stalled.add(k)
	if !k.r.out.shore.Busy() {
		k.r.sinkFreed() // it may have been free before we waited
	}
	return k.watch()
}

// sinkFreed resumes everyone who has waited since a call on the sink got stuck.
func (r *Receiver) sinkFreed() {
	for _, k := range r.out.stalled.take() {
		r.reach(k, nil, func() { k.Ready(sinkTakes) })
	}
	first := r.loops[0]
	first.Post(first.deliver)
}

// place moves what is there of a leg to its place. It answers like read.
func (k *rxlink) place() (n int, drained bool, err error) {
	e, l := &k.r.out, &k.leg.Leg
	if e.in() != writing || k.owner.pipe == nil {
		k.state, k.leg = rxDropped, nil // a copy of what is delivered, or a stream that fails
		return 0, false, nil
	}
	switch {
	case !e.shore.Busy():
	case k.ending:
		return 0, true, errHeldUp
	default:
		return 0, true, k.holdOn()
	}
	left := int(l.Length) - k.got
	n, err = k.conn.TakePipe(k.owner.pipe, left)
	if netio.Unsupported(err) {
		e.sink.Refuse()
		if k.got == 0 {
			return 0, false, k.buffer(*l)
		}
	}
	if err != nil {
		return 0, true, err // the leg will come again
	}
	e.reached(int64(l.Offset) + int64(k.got+n)) // or a part of it
	k.loop.Away(&e.shore, func() { err = e.emptyAt(k.owner.pipe, e.spot()+int64(l.Offset)+int64(k.got)) })
	if err != nil {
		k.state, k.leg = rxDropped, nil
		k.owner.renewPipe()
		if err != errSealed || e.in() == writing {
			k.r.sinkFailed(err)
		}
	}
	k.got += n
	if n < left {
		return n, false, nil
	}
	k.state, k.got = rxHeader, 0
	return n, false, k.finish()
}

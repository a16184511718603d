package egress

import (
	"fmt"
	"sync/atomic"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/observe"
	"viamillipede/engine/wire"
	"viamillipede/netio"
)

// cutLeast is the smallest leg that is worth the system calls, in bytes.
const cutLeast = 16 << 10

// relayPipe is the size of a pipe to a socket, in bytes: a quarter of the others, since those who have one usually have many, and all of
// a user's pipes share a budget.
const relayPipe = stream.PipeSize / 4

// route is how legs get from their sockets to the sink. Buffers are always used for small legs, for legs with a checksum and,
// except with routePlace, for legs that are not the head.
type route int

const (
	routeBuffers route = iota // every leg
	routeSplice               // the head leg goes straight into the sink, a pipe
	routePass                 // the head leg goes through a pipe of ours into the sink, a file or device
	routeRelay                // the head leg goes through a pipe of ours into the sink, a socket; what that does not take is copied
	routePlace                // every leg goes through a pipe of ours to its place in the sink, a file
)

// routing is the route, chosen once, and what it needs. All of it is set before there are loops, except for the counts.
type routing struct {
	sink  *netio.Sink
	route route
	why   error        // the reason, if the route is routeBuffers
	solid bool         // the sink takes no holes; it belongs to the holder of the turn
	pipes *netio.Pipes // one for each loop, as far as they go; nil where the route needs none

	refLegs atomic.Int64 // legs that went by reference, and legs that were copied: for the user
	copied  atomic.Int64
}

// choose chooses the route, for which it may make so many pipes.
func (r *routing) choose(sink *netio.Sink, pipes int, c Config) {
	r.sink = sink
	_, placed := sink.Place()
	placed = placed || c.Own
	switch {
	case c.Copies != nil:
		if r.why = c.Copies; c.Own {
			r.route = routePlace // without a pipe, each leg has its place all the same
		}
		return
	case sink.Splices():
		r.route = routeSplice
		return
	case sink.Appends():
		r.why = fmt.Errorf("%s is open for appending", c.Name) // splice(2) does not know how
		return
	case placed:
		r.route = routePlace
	case sink.Passes():
		r.route = routePass
	case sink.Relays():
		r.route = routeRelay
	default:
		r.why = fmt.Errorf("%s is a %v", c.Name, sink)
		return
	}
	if r.why = stream.ErrFewFiles; pipes > 0 {
		size := stream.PipeSize
		if r.route == routeRelay {
			size = relayPipe
		}
		// At least two, because trying them out takes two.
		r.pipes, r.why = netio.NewPipes(size, max(pipes, 2), nil)
	}
	if r.why != nil && !c.Own {
		r.route = routeBuffers
	}
}

// Pipe lends a loop the pipe through which its legs get into the sink; nil: the route needs none, or none is left.
func (r *routing) Pipe() *netio.Pipe {
	if r.pipes == nil {
		return nil
	}
	return r.pipes.Get()
}

// Renew takes back a pipe, and what is in it, and lends one that is empty, so that this is not taken for part of another leg.
func (r *routing) Renew(p *netio.Pipe) *netio.Pipe {
	r.pipes.Put(p)
	return r.pipes.Get()
}

// TakeBack ends the loan of a pipe, and drops what is in it; nil is none.
func (r *routing) TakeBack(p *netio.Pipe) {
	if p != nil {
		r.pipes.Put(p)
	}
}

// Refuse notes that the kernel does not splice into the sink after all: every leg goes through buffers from then on.
func (r *routing) Refuse() { r.sink.Refuse() }

// String names the sink for people.
func (r *routing) String() string { return r.sink.String() }

// Straight reports whether the head leg goes into the sink without a pipe of ours.
func (r *routing) Straight() bool { return r.route == routeSplice }

// Cuts reports whether a leg that begins now, on a loop that has pipe p, may go to the sink as it arrives when it is the head. The way
// through a pipe needs one, and there may be fewer pipes than loops.
func (r *routing) Cuts(l wire.Leg, p *netio.Pipe) bool {
	return l.Length >= cutLeast && !l.Checked && (r.route == routeSplice || r.passes() && p != nil) && !r.sink.Refuses()
}

// passes reports whether the head leg goes into the sink through a pipe of ours.
func (r *routing) passes() bool { return r.route == routePass || r.route == routeRelay }

// count notes how a leg came to the sink: by reference or from a buffer.
func (r *routing) count(l *Leg) {
	if l.Buf == nil {
		r.refLegs.Add(1)
		return
	}
	r.copied.Add(1)
}

// legsWritten is how many legs are in the sink.
func (r *routing) legsWritten() uint64 { return uint64(r.refLegs.Load() + r.copied.Load()) }

// EnginePath is how legs have got to the sink so far. Any goroutine may call it.
func (r *routing) EnginePath() observe.EnginePath {
	switch {
	case r.why != nil:
		return observe.EnginePath{Why: r.why}
	case r.sink.Refuses():
		return observe.EnginePath{Why: fmt.Errorf("splice is refused for the %v", r.sink)}
	}
	planes := [...]observe.Plane{routeSplice: observe.PlaneToPipe, routePass: observe.PlaneToSink, routeRelay: observe.PlaneToSink, routePlace: observe.PlaneToPlace}
	return observe.EnginePath{Plane: planes[r.route], Legs: r.refLegs.Load(), Copied: r.copied.Load()}
}

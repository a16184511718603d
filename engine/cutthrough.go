package engine

import (
	"viamillipede/engine/ring"
	"viamillipede/engine/wire"
	"viamillipede/netio"
)

// A leg that is cut through moves from its link's socket to the sink as it arrives, without a copy. Only the head leg can go that
// way, and only through a pipe.
//
// The sink's position in the head leg (egress.partial) outlives the link: when the link dies, the leg comes again on
// another one, which skips what the sink has. Copies of the same leg may arrive at the same time; the one that finds
// the sink ahead of itself skips, the one that finds the leg delivered drops the rest.

// cutLeast is the smallest leg that is worth the system calls, in bytes.
const cutLeast = 16 << 10

// sinkTakes is what Ready is told when the sink has room again; it is not an epoll event.
const sinkTakes uint32 = 1 << 27

// cuts reports whether a leg that begins now can go straight to the sink, on a link of the given loop. The first leg of all cannot:
// until it is whole, the stream is not the receiver's own, and nothing of it may be in the sink.
func (r *Receiver) cuts(l wire.Leg, at *rxloop) bool {
	return l.Length >= cutLeast && !l.Checked && at.cuts() && ring.Seq(l.Number) == r.ring.Next() && r.tenure.owns()
}

// cuts reports whether the head leg may go to the sink as it arrives on a link of this loop. The way through a pipe needs one,
// and there may be fewer pipes than loops.
func (l *rxloop) cuts() bool {
	return l.r.out.cuts() && (l.pipe != nil || l.r.out.route == routeSplice)
}

// cutThrough moves what it can. It answers like read.
func (k *rxlink) cutThrough() (n int, drained bool, err error) {
	e := &k.r.out
	if !e.turn.CompareAndSwap(false, true) {
		// Another loop writes, so it has a copy of this leg, or finishes the leg before it.
		return 0, false, k.buffer(k.cut.Leg)
	}
	e.at = k.owner.Loop
	n, drained, err = k.turnAtSink()
	e.turn.Store(false)
	k.owner.deliver()
	return n, drained, err
}

// turnAtSink does the work of cutThrough while the link has the delivery turn.
func (k *rxlink) turnAtSink() (n int, drained bool, err error) {
	r, e, l := k.r, &k.r.out, &k.cut
	switch {
	case e.in() != writing, ring.Seq(l.Number) != r.ring.Next() || r.ring.Ready():
		k.state = rxDropped // a copy is delivered, or about to be: drop the rest
		return 0, false, nil
	case k.got < e.partial:
		n, err = k.conn.Recv(k.owner.waste[:min(e.partial-k.got, len(k.owner.waste))], nil) // within the leg: its copies are alike
		k.got += n
		return n, false, err
	}
	if err := e.inPlace(l); err != nil {
		r.sinkFailed(err)
		return 0, true, nil
	}
	left := int(l.Length) - k.got
	if e.route == routePass {
		n, err = k.pass(left)
	} else {
		k.loop.Away(&e.shore, func() { n, err = k.conn.Splice(e.sink, left) })
	}
	if err != nil {
		return 0, !netio.Unsupported(err), k.spliceFailed(err)
	}
	if n == 0 {
		return 0, true, nil // the sink failed
	}
	k.got += n
	e.wrote(n)
	if n < left {
		return n, false, nil
	}
	k.state, k.got = rxHeader, 0
	k.took()
	r.legsIn.Publish(ring.Seq(l.Number), l) // a Duplicate is another copy: it is consumed in its place
	if err := r.drain(k.owner); err != nil {
		r.sinkFailed(err)
	}
	return n, false, nil
}

// pass moves what it can through the loop's pipe into a sink that does not make us wait. It answers like Conn.Recv, or with
// (0, nil) if the sink failed.
func (k *rxlink) pass(most int) (int, error) {
	n, err := k.conn.TakePipe(k.owner.pipe, most)
	if err != nil {
		return 0, err
	}
	k.loop.Away(&k.r.out.shore, func() { err = k.r.out.sink.Empty(k.owner.pipe) })
	if err != nil {
		k.owner.renewPipe()
		k.r.sinkFailed(err)
		k.skip(n)
		return 0, nil
	}
	return n, nil
}

// skip continues after n bytes of a leg that the sink cannot have; the rest is read and dropped, so that what follows on the
// link is understood.
func (k *rxlink) skip(n int) {
	k.state = rxDropped
	if k.got += n; k.got == int(k.frame.Length) {
		k.state, k.got = rxHeader, 0
	}
}

// renewPipe drops what is in the loop's pipe, so that it is not taken for part of another leg.
func (l *rxloop) renewPipe() {
	l.r.out.pipes.Put(l.pipe)
	l.pipe = l.r.out.pipes.Get()
}

// spliceFailed tells a full sink from an empty socket, and a dead consumer from a lost link. The error it returns ends the
// link.
func (k *rxlink) spliceFailed(err error) error {
	r := k.r
	switch {
	case err == netio.ErrAgain && r.out.route == routeSplice && k.conn.Pending():
		held, err := r.out.block(k)
		if err != nil {
			r.sinkFailed(err)
		}
		if held {
			k.state = rxHeld
		}
		return k.watch()
	case err != netio.ErrAgain && r.out.sink.Gone():
		r.consumerGone(nil)
		return nil
	case netio.Unsupported(err):
		r.out.sink.Refuse()
		return k.buffer(k.cut.Leg) // the rest of it: the sink has what came before
	}
	return err
}

// unhold lets a link that waited for the sink go on. If its connection has failed meanwhile, epoll would report that again and
// again while the sink is full, so what is left in the socket goes into a buffer.
func (k *rxlink) unhold(events uint32) error {
	if k.state != rxHeld && k.state != rxStalled {
		return nil
	}
	switch {
	case events&sinkTakes != 0:
		k.state = k.state.goesOn()
	case events&(netio.Failed|netio.HungUp) != 0 && k.state == rxStalled:
		k.mute()
		return nil
	case events&(netio.Failed|netio.HungUp) != 0:
		if err := k.buffer(k.cut.Leg); err != nil {
			return err
		}
	default:
		return nil
	}
	return k.watch()
}

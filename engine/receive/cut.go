package receive

import (
	"io"

	"viamillipede/engine/loop"
	"viamillipede/engine/receive/egress"
	"viamillipede/engine/receive/stage"
	"viamillipede/engine/ring"
	"viamillipede/netio"
)

// A leg that is cut through moves from its link's socket to the sink as it arrives, without a copy. Only the head leg can go that
// way, and only through a pipe.
//
// The sink's position in the head leg (egress.Delivery) outlives the link: when the link dies, the leg comes again on
// another one, which skips what the sink has. Copies of the same leg may arrive at the same time; the one that finds
// the sink ahead of itself skips, the one that finds the leg delivered drops the rest.

// sinkRoom is what Ready is told when the sink has room again; it is not an epoll event.
const sinkRoom uint32 = 1 << 27

// SinkTakes lets the link go on, which waited for the sink; see egress.Waiter.
func (k *rxlink) SinkTakes(caller *loop.Loop) { k.r.reach(k, caller, func() { k.Ready(sinkRoom) }) }

// cutThrough moves what it can. It answers like read.
func (k *rxlink) cutThrough() (n int, drained bool, err error) {
	e := &k.r.out
	if !e.TakeTurn(k.Loop) {
		// Another loop writes, so it has a copy of this leg, or finishes the leg before it.
		return 0, false, k.buffer(k.cut.Leg)
	}
	n, drained, err = k.turnAtSink()
	e.LeaveTurn()
	if err == nil && k.state == stage.Buffered && k.got == int(k.frame.Length) {
		k.state, k.got = stage.Header, 0
		err = k.finishFrame()
	}
	k.owner.deliver()
	return n, drained, err
}

// turnAtSink does the work of cutThrough while the link has the delivery turn.
func (k *rxlink) turnAtSink() (n int, drained bool, err error) {
	e, l := &k.r.out, &k.cut
	switch has, ok := e.Wants(ring.Seq(l.Number)); {
	case !ok:
		k.state = stage.Dropped // a copy is delivered, or about to be: drop the rest
		return 0, false, nil
	case k.got < has:
		n, err = k.Conn.Recv(k.owner.waste[:min(has-k.got, len(k.owner.waste))], nil) // within the leg: its copies are alike
		k.got += n
		return n, false, err
	}
	left := int(l.Length) - k.got
	n, err = e.Pull(l, k.Conn.Mover, k.owner.pipe, left)
	if err == egress.ErrEnds {
		k.skip(n)
		return 0, true, nil
	}
	if err != nil {
		return 0, !netio.Unsupported(err), k.spliceFailed(err)
	}
	k.got += n
	if p := k.owner.pipe; p != nil && p.Len() > 0 {
		return n, false, k.bufferFrom(p)
	}
	if n < left {
		return n, false, nil
	}
	k.state, k.got = stage.Header, 0
	k.took()
	k.r.store.LegsIn.Publish(ring.Seq(l.Number), l) // a Duplicate is another copy: it is consumed in its place
	e.CarryOn()
	return n, false, nil
}

// bufferFrom makes what a full sink did not take of a leg, which is in the pipe, and the rest of the leg go into a buffer.
func (k *rxlink) bufferFrom(p *netio.Pipe) (err error) {
	from := k.got - p.Len()
	if err = k.buffer(k.cut.Leg); err == nil {
		_, err = io.ReadFull(p, k.leg.Buf.Bytes()[from:k.got])
	}
	if err != nil {
		k.owner.renewPipe()
	}
	return err
}

// skip continues after n bytes of a leg that the sink cannot have; the rest is read and dropped, so that what follows is understood.
func (k *rxlink) skip(n int) {
	if n > 0 { // they came through the pipe, and may still be in it
		k.owner.renewPipe()
	}
	k.state = stage.Dropped
	if k.got += n; k.got == int(k.frame.Length) {
		k.state, k.got = stage.Header, 0
	}
}

// spliceFailed tells a full sink from an empty socket, and a dead consumer from a lost link. An error ends the link.
func (k *rxlink) spliceFailed(err error) error {
	e := &k.r.out
	switch {
	case err == netio.ErrAgain && e.Straight() && k.Conn.Pending():
		if e.Hold(k) {
			k.state = stage.Held
		}
		return k.watch()
	case err != netio.ErrAgain && e.Gone():
		return nil
	case netio.Unsupported(err):
		e.Refuse()
		return k.buffer(k.cut.Leg) // the rest of it: the sink has what came before
	}
	return err
}

// unhold lets a link that waited for the sink go on. If its connection has failed meanwhile, epoll would report that again and
// again while the sink is full, so what is left in the socket goes into a buffer.
func (k *rxlink) unhold(events uint32) error {
	if k.state != stage.Held && k.state != stage.Stalled {
		return nil
	}
	switch {
	case events&sinkRoom != 0:
		k.state = k.state.GoesOn()
	case events&(netio.Failed|netio.HungUp) != 0 && k.state == stage.Stalled:
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

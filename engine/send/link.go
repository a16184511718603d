package send

import (
	"net/netip"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/observe"
	"viamillipede/engine/schedule"
	"viamillipede/engine/send/course"
	"viamillipede/engine/send/zero"
	"viamillipede/engine/window"
	"viamillipede/engine/wire"
	"viamillipede/netio"
)

// txlink is one link at the sending end: it writes legs and control frames, and reads acks.
//
// Output, in this order: the rest of control, the rest of the leg that is on its way, then whatever comes next. A leg
// whose header has partly left is finished before anything else can follow.
type txlink struct {
	course.Link
	s      *Sender
	owner  *txloop
	to     netip.Addr // the address that was dialled
	zoned  netip.Addr // the same, with the zone it had then
	byCard bool       // what it sends leaves this machine through a network card

	header  [wire.HeaderLen]byte
	reread  bool        // some of its leg, which is in a file, went through memory
	copied  *netio.Pipe // the rest of a leg by reference that the socket has not taken; nil until it is made
	zero    zero.Calls
	ended   bool // the end frame has been queued
	settled bool // the congestion control is decided

	aside aside

	in      [inputSize]byte
	got     int // bytes of in that are not parsed yet
	bitmap  [wire.MaxBitmap / 8]uint64
	unheard bool // in txloop.unheard
	last    bool // the peer has ended its side, or the connection has failed: what is left to be read ends with that

	lost func(schedule.Use) // tells the keeper, once
}

// inputSize holds the largest frame that a receiver may send and some more, in bytes.
const inputSize = 4096

// Ready does what the socket's readiness allows. New legs are dispatched by the loop, at the end of its round.
func (k *txlink) Ready(events uint32) {
	if k.aside.on {
		k.goOn(events)
		return
	}
	if k.Gone {
		return
	}
	if events&netio.Writable != 0 {
		k.Full = false
	}
	if events&netio.Failed != 0 {
		k.reap() // zero-copy completions are reported as errors
	}
	k.last = k.last || events&(netio.Ended|netio.HungUp|netio.Failed) != 0
	err := k.receive()
	if err == nil {
		err = k.send()
	}
	if err != nil {
		k.lose(err)
	}
}

// idle reports whether the link could start a leg at once.
func (k *txlink) idle() bool {
	return !k.Away && k.clear() && !k.Leaving && !k.Gone && !k.Stalled()
}

// clear reports whether a leg's header could follow what was sent.
func (k *txlink) clear() bool { return k.Leg == nil && !k.Full && len(k.Control) == 0 }

// busy reports whether something is on its way that the socket has not taken.
func (k *txlink) busy() bool { return k.Leg != nil || len(k.Control) > 0 }

// carry starts to send a leg; the link is already a holder and a carrier of it. If the socket takes nothing at all, the leg
// is given back so that another link can have it.
func (k *txlink) carry(l *window.Leg) error {
	if whole, err := k.has(l); !whole || err != nil {
		k.s.fleet.Window.GiveBack(l) // its header has not left, so the link can still tell the peer why
		if err == nil {
			k.s.life.Fail(k.s.in.Shrunk())
		}
		return err
	}
	if !k.clear() { // it has meanwhile got something else to say
		k.s.fleet.Window.GiveBack(l)
		return nil
	}
	k.Leg, k.Sent, k.reread = l, 0, false
	load := max(l.Length, len(k.header)) // a bare leg is a header
	eta := k.ETA(load)
	// Once the socket has taken all of it the hold is gone: the leg may be received, and its memory reused for another leg.
	number, offset, length, first := l.Number, l.Offset, int(l.Span()), l.First()
	h := l.Wire()
	h.Checked, h.Resent = k.s.cfg.Checksum, !first
	h.Append(k.header[:0])
	err := k.send()
	if err == nil && k.Leg == l && k.Sent == 0 {
		k.Leg = nil
		k.s.fleet.Window.GiveBack(l)
		k.Order.Fed(k.Loop.Now)
		return nil
	}
	k.Depart(number, load, eta)
	if first {
		k.Order.Took(k.Path.Order, load, k.Loop.Now)
	}
	if k.Leg != nil {
		k.Measure() // a slow link: its leg must not count against the others
	}
	observe.Tell(k.s.observer, observe.LegSent{Leg: number, Bytes: length, Offset: offset, Link: k.Index})
	if err == nil && first && k.s.chaos.Strike() {
		return stream.ErrChaos
	}
	return err
}

// has reports whether the bytes of a leg are still there, and brings them into memory. An error ends only the link.
func (k *txlink) has(l *window.Leg) (whole bool, err error) {
	if !l.Filed() {
		return true, nil
	}
	err = k.call(func() {
		if whole = k.s.in.Has(l.Offset + uint64(l.Length)); whole {
			k.s.in.Fetch(l)
		}
	})
	return whole, err
}

// call makes a call that may wait, for what the link sends. The error is why the link must end afterwards, usually nil.
func (k *txlink) call(f func()) error {
	k.Away = true
	k.Loop.Away(&k.s.in.Shore, f)
	k.Away = false
	return k.Doomed
}

// send writes what waits, as far as the socket takes it.
func (k *txlink) send() error {
	for !k.Full && (!k.Away || k.Leg == nil) {
		if k.Leg == nil {
			_, err := k.Flush()
			return err
		}
		if err := k.sendLeg(); err != nil {
			return err
		}
	}
	return nil
}

// heardPerRound bounds how many bytes a link reads before other links, posted functions and the clocks get their turn: a
// hundred of the largest acks.
const heardPerRound = 64 << 10

// receive reads and obeys what the peer sent, until nothing is left in the socket or the link's share of the round is used
// up. Readiness is reported once, so the loop comes back to what is left. A read that brings less than it had room for has emptied
// the socket, and what comes later is reported again (epoll(7)); only an end that has been reported already would be missed.
func (k *txlink) receive() error {
	for budget := heardPerRound; budget > 0; {
		room := len(k.in) - k.got
		n, err := k.read()
		switch {
		case err == netio.ErrAgain, err == nil && n < room && !k.last:
			return nil
		case err != nil:
			return err
		}
		budget -= n
	}
	if !k.unheard {
		k.unheard = true
		k.owner.unheard = append(k.owner.unheard, k)
	}
	return nil
}

// read makes one system call.
func (k *txlink) read() (n int, err error) {
	if n, err = k.Conn.Recv(k.in[k.got:], nil); err != nil {
		return 0, err
	}
	k.Heard = k.Loop.Now
	k.got += n
	return n, k.parse()
}

// lastWords reads and obeys what is left in a connection that a send found closed: at most what a socket may hold.
func (k *txlink) lastWords() {
	_ = stream.Exhaust(k.read)
}

// parse obeys the whole frames in the input and keeps the rest.
func (k *txlink) parse() error {
	at := 0
	for k.got-at >= wire.HeaderLen {
		h, err := wire.ParseHeaderFrom(wire.Receiver, k.in[at:])
		if err != nil {
			return err
		}
		k.Proved = true
		size := wire.HeaderLen + int(h.Length)
		if k.got-at < size {
			break
		}
		if err := k.obey(h, k.in[at+wire.HeaderLen:at+size]); err != nil {
			return err
		}
		at += size
	}
	k.got = copy(k.in[:], k.in[at:k.got])
	return nil
}

// obey handles a whole frame, of a type that the receiver may send.
func (k *txlink) obey(h wire.Header, payload []byte) error {
	switch h.Type {
	case wire.TypeAck:
		a, err := h.Ack(payload, k.bitmap[:])
		if err != nil {
			return err
		}
		news, err := k.s.fleet.Window.Acked(a, k.Loop.Now)
		if err != nil {
			return err
		}
		if news {
			k.s.fleet.Move(k.Loop.Now)
			k.owner.prune() // an ack tells of legs on all links
			k.s.feed(k.Loop)
		}
		k.Measure()
		return k.left()
	case wire.TypeDigests:
		if err := k.s.in.Agreement.Hear(h, payload); err != nil {
			return err
		}
		k.s.reach.Own() // what is kept, and so not sent, is in this receiver's file
		return nil
	case wire.TypeDone:
		k.s.delivered(h.Done())
		return nil
	}
	return k.Link.Obey(h, payload, sendEnd{k.s})
}

// died reads what has come in on a link that is silent, and returns why it must end; nil: it need not. On a busy machine this thread may have
// had no CPU for as long as the silence lasts.
func (k *txlink) died() error {
	if !k.Silent() {
		return nil
	}
	if err := k.receive(); err != nil {
		return err
	}
	if k.Silent() {
		return stream.ErrSilent
	}
	return nil
}

// tick keeps the link's clocks.
func (k *txlink) tick() {
	if err := k.died(); err != nil {
		k.lose(err)
		return
	}
	k.Measure()
	if len(k.Carried) == 0 && k.s.in.Ended() {
		k.SeemsToMove() // the receiver is still writing
	}
	k.Pulse.Beat(k.Loop.Now, k.Acknowledged())
	k.Publish()
	k.reap()
	k.s.reach.Hint(k.Path, k.Queue)
	k.Probe()
	if !k.settled && k.Bytes > 0 {
		chosen, known := k.Conn.Settle(k.s.cfg.Congestion)
		k.settled = known
		if known && k.Path.Explained.CompareAndSwap(false, true) {
			observe.Tell(k.s.observer, observe.CongestionChosen{Path: k.Path.String(), Congestion: chosen})
		}
	}
	if k.Leg == nil && !k.Behind() && k.Beats(k.s.time) {
		if err := k.send(); err != nil {
			k.lose(err)
		}
	}
}

// stir notes that something goes out that is no heartbeat.
func (k *txlink) stir() {
	k.Quiet.Stirred = true
	k.Loop.Stir()
}

// say queues frames and sends them as far as possible.
func (k *txlink) say(frames []byte) {
	if len(frames) > 0 {
		k.stir()
	}
	k.Control = append(k.Control, frames...)
	if err := k.send(); err != nil {
		k.lose(err)
	}
}

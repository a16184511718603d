package engine

import (
	"errors"
	"fmt"
	"time"

	"viamillipede/engine/wire"
	"viamillipede/netio"
)

// Why a link ends that nobody else ended.
var (
	errChaos = errors.New("cut by chaos")
	errLeft  = errors.New("not needed here any more")
	errStuck = errors.New("nothing gets through to the peer")

	errUnfinished = errors.New("its leg cannot be finished")
)

// txlink is one link at the sending end: it writes legs and control frames, and reads acks.
//
// Output, in this order: the rest of control, the rest of the leg that is on its way, then whatever comes next. A leg
// whose header has partly left is finished before anything else can follow.
type txlink struct {
	linkState
	s       *Sender
	owner   *txloop
	path    *pathState
	leaving bool // takes no more legs, and ends when those it has are received

	header  [wire.HeaderLen]byte
	leg     *leg        // on its way, held; nil between two legs
	sent    int         // bytes of header and leg that the socket took
	copied  *netio.Pipe // what the socket has not taken of the leg, where that is in a pipe; nil before
	carried []uint64    // legs taken and not known to be received, in the order of their journey
	trips   []trip      // of each of them
	fed     time.Time   // when it last took one
	largest int         // bytes of the largest leg that the peer has received
	speed
	legsPublished int64 // its share of Sender.legs
	zero          zero
	ended         bool // the end frame is in control
	settled       bool // the congestion control is decided

	queue   netio.Queue // when last measured
	unsent  int         // bytes taken and not sent, an estimate from then
	allowed int         // its share of Sender.allowed, from then
	asked   time.Time   // when that was
	watch   watch

	in     [inputSize]byte
	got    int // bytes of in that are not parsed yet
	bitmap [wire.MaxBitmap / 8]uint64

	lost func(error) // tells the keeper, once
}

// inputSize holds the largest frame that a receiver may send and some more, in bytes.
const inputSize = 4096

// ready does what the socket's readiness allows. Dispatch of new legs is the loop's, at the end of its round.
func (k *txlink) ready(events uint32) {
	if k.gone {
		return
	}
	if events&netio.Writable != 0 {
		k.full = false
	}
	if events&netio.Failed != 0 {
		k.reap() // completions are reported as an error
	}
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
	return k.leg == nil && !k.full && len(k.control) == 0 && !k.leaving && !k.gone && !k.watch.stalled
}

// busy reports whether something is on its way that the socket has not taken.
func (k *txlink) busy() bool { return k.leg != nil || len(k.control) > 0 }

// carry starts to send a leg that the link is a holder and carrier of. When the socket takes nothing at all the leg is
// given back, so that another link can have it.
func (k *txlink) carry(l *leg) error {
	if l.inFile() && !k.s.in.has(l.offset+uint64(l.length)) {
		k.s.window.giveBack(l) // its header is not out: the link can still tell the peer why
		k.s.fail(k.s.in.shrunk())
		return nil
	}
	k.leg, k.sent = l, 0
	eta := k.eta(l.length)
	// Once the socket has all of it the hold is gone: the leg may be received, and its memory another leg's.
	number, offset, length, first := l.number, l.offset, l.length, l.times.Load() == 1
	wire.Leg{
		Number: l.number, Offset: l.offset, Length: uint32(l.length),
		Checksum: l.checksum, Checked: k.s.in.checksum, Resent: !first,
	}.Append(k.header[:0])
	err := k.send()
	if err == nil && k.leg == l && k.sent == 0 {
		k.leg = nil
		k.s.window.giveBack(l)
		return nil
	}
	k.depart(number, length, eta)
	if k.leg != nil {
		k.measure() // a slow link: its leg must not count against the others
	}
	if k.s.log.On(LevelLegs) {
		k.s.log.Printf(LevelLegs, "leg %d: %d bytes at %d on link %d", number, length, offset, k.index)
	}
	if err == nil && first && k.s.chaos.strike() {
		return errChaos
	}
	return err
}

// send writes what waits, as far as the socket takes it.
func (k *txlink) send() error {
	for !k.full {
		if k.leg == nil {
			_, err := k.flush()
			return err
		}
		if err := k.sendLeg(); err != nil {
			return err
		}
	}
	return nil
}

// receive reads and obeys what the peer sent, until nothing is left in the socket: its readiness is reported once.
func (k *txlink) receive() error {
	for {
		if err := k.take(); err == netio.ErrAgain {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// take makes one system call.
func (k *txlink) take() error {
	n, err := k.conn.Recv(k.in[k.got:], nil)
	if err != nil {
		return err
	}
	k.heard = k.loop.now
	k.got += n
	return k.parse()
}

// lastWords obeys what is left to be read of a connection that was found closed by a call that sends.
func (k *txlink) lastWords() {
	for {
		if k.take() != nil {
			return
		}
	}
}

// parse obeys the whole frames in the input and keeps the rest.
func (k *txlink) parse() error {
	at := 0
	for k.got-at >= wire.HeaderLen {
		h, err := wire.ParseHeader(k.in[at:])
		if err != nil {
			return err
		}
		k.proved = true
		if h.Type == wire.TypeLeg {
			return fmt.Errorf("the receiver sent %v", h.Type)
		}
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

func (k *txlink) obey(h wire.Header, payload []byte) error {
	switch h.Type {
	case wire.TypeAck:
		a, err := h.Ack(payload, k.bitmap[:])
		if err != nil {
			return err
		}
		news, err := k.s.window.acked(a, k.loop.now)
		if err != nil {
			return err
		}
		if news {
			k.owner.prune() // an ack tells of legs on all links
			k.s.feed(k.loop)
		}
		k.measure()
		return k.left()
	case wire.TypeBeat:
		k.echo = h.Beat().Sent
	case wire.TypeDone:
		k.answered = true
		k.s.delivered(h.Done())
	case wire.TypeError:
		f, err := h.Fault(payload)
		if err != nil {
			return err
		}
		k.s.remoteFault(f)
	case wire.TypeBye:
		k.answered = true
	default:
		return fmt.Errorf("the receiver sent %v", h.Type)
	}
	return nil
}

// depart notes that a leg is on its way, which should arrive after eta.
func (k *txlink) depart(number uint64, length int, eta time.Duration) {
	now := k.loop.now
	if len(k.carried) == 0 {
		k.speed.depart(now)
	}
	k.carried = append(k.carried, number)
	k.trips = append(k.trips, trip{
		from: now, expects: now.Add(eta), due: now.Add(late(eta, k.misses, k.rtt(), k.absorbed())), bytes: length,
	})
	k.unsent += length
	if float64(length) > k.rate*measurePause.Seconds() {
		k.excuse(k.allowed + length) // it cannot have left already
	}
	k.fed = now
	k.s.window.onItsWay(number, k.index, k.path.order)
}

// prune forgets the legs that are received, and learns the link's speed from them.
func (k *txlink) prune() {
	if len(k.carried) == 0 {
		return
	}
	left := k.s.window.prune(k.carried)
	n := len(k.carried) - len(left)
	if n == 0 {
		return
	}
	for _, t := range k.trips[:n] {
		k.largest = max(k.largest, t.bytes)
	}
	k.speed.arrive(k.trips[:n], k.loop.now, k.queue.MinRTT, len(left) == 0)
	k.carried, k.trips = left, k.trips[n:]
	k.watch.good(k.loop.now)
	k.conn.LimitUnsent(max(sizeOfLeg(k.rate, legTime, k.growth()), min(k.queue.InNetwork/4, k.s.in.most)))
	k.publish()
}

// most is the largest leg that the link should take, in bytes.
func (k *txlink) most() int {
	if k.rate > 0 {
		return sizeOfLeg(k.rate, time.Duration(k.s.legTime.Load()), k.growth())
	}
	return k.growth()
}

// growth is the largest leg that the link has earned, in bytes: legs double from one to the next, since the first of them
// say little. What is left over of a router's burst, or fits into its queue, arrives at any rate.
func (k *txlink) growth() int {
	first := firstLegAfter
	if k.path.order == 0 {
		first = firstLeg
	}
	return min(max(first, 2*k.largest), k.s.in.most)
}

// publish tells the others how many legs the link can send in a second.
func (k *txlink) publish() {
	legs := int64(0)
	if !k.watch.stalled && !k.leaving && !k.gone && k.rate > 0 {
		legs = int64(1000 * k.rate / float64(k.most()))
	}
	k.s.legs.Add(legs - k.legsPublished)
	k.legsPublished = legs
}

// prospect is what the scheduler has to know of the link.
func (k *txlink) prospect() prospect {
	p := prospect{
		rate: k.rate, unsent: k.unsent, inNetwork: k.queue.InNetwork, rtt: k.rtt(), trip: k.queue.MinRTT,
		carried: len(k.carried), idle: k.loop.now.Sub(k.fed), doubt: k.watch.doubt,
	}
	if len(k.trips) > 0 && !k.watch.excused {
		p.overdue = max(0, k.loop.now.Sub(k.trips[0].expects))
	}
	return p
}

// rtt is the round trip, queues included; 0 is not known. The kernel's is smoothed over many packets: on a link that has
// carried little lately a leg may have shown that the queue is gone.
func (k *txlink) rtt() time.Duration {
	if k.took > 0 && k.took < k.queue.RTT {
		return max(k.took, k.queue.MinRTT)
	}
	return k.queue.RTT
}

func (k *txlink) eta(bytes int) time.Duration { return k.prospect().eta(bytes) }

// mayTake reports whether a leg of so many bytes would hold nobody up on this link.
func (k *txlink) mayTake(bytes int) bool {
	absorbed, p := k.absorbed(), k.prospect()
	if bytes > k.most() {
		p.idle = 0 // a leg of another link's size is no trial
	}
	return p.mayTake(bytes, absorbed, k.owner.best, absorbed == forEver)
}

// absorbed is how late a leg may be on this link, as far as the others can tell.
func (k *txlink) absorbed() time.Duration {
	others := float64(k.s.legs.Load()-k.legsPublished) / 1000
	return absorbs(k.s.credit, min(others, k.s.legsLately()))
}

// measurePause is the least time between two looks at what a link has in the network.
const measurePause = time.Millisecond

// measure learns how the link fares, and tells the window what the link excuses to be kept: what it has in the network,
// twice, so that a network which could take more shows it, and what it has not sent yet, unless that is because the peer's
// program is behind: more links would only make every buffer cold.
func (k *txlink) measure() {
	if k.loop.now.Sub(k.asked) < measurePause {
		return
	}
	k.asked = k.loop.now
	if len(k.carried) == 0 && k.leg == nil && !k.watch.stalled {
		k.unsent, k.queue.InNetwork = 0, 0
		k.excuse(0)
		return
	}
	q := k.conn.Queued()
	k.queue, k.unsent = q, q.Unsent+k.unwritten()
	if q.Told {
		k.path.trip.Store(int64(q.MinRTT))
		k.path.rtt.Store(int64(q.RTT))
		k.speed.look(q.Acked, q.Unsent == 0 || q.PeerFull, q.MinRTT, k.loop.now)
	}
	k.watch.look(k, q)
	allowed := 2 * q.InNetwork
	if !q.PeerFull {
		allowed += k.unsent
	}
	k.excuse(allowed)
}

// excuse has the window keep so many bytes for the link beyond what any link may have kept.
func (k *txlink) excuse(bytes int) {
	k.s.flow(k.s.window.pace(k.s.allowed.Add(int64(bytes - k.allowed))))
	k.allowed = bytes
}

// unwritten is what the socket has not taken of the leg that is on its way, in bytes.
func (k *txlink) unwritten() int {
	if k.leg == nil {
		return 0
	}
	return k.leg.length - max(0, k.sent-len(k.header))
}

// leave ends the link without loss: its keeper is to dial its own path, or has nothing more to do.
func (k *txlink) leave() {
	k.leaving = true
	k.publish()
	if err := k.left(); err != nil && !k.gone {
		k.lose(err)
	}
}

// left returns errLeft once a link that shall leave has nothing more to do.
func (k *txlink) left() error {
	if k.leaving && k.leg == nil && len(k.carried) == 0 {
		return errLeft
	}
	return nil
}

// tick keeps the link's clocks.
func (k *txlink) tick() {
	if k.loop.now.Sub(k.heard) >= k.s.time.Dead {
		k.lose(errSilent)
		return
	}
	k.measure()
	k.publish()
	k.reap()
	k.hint()
	if !k.settled && k.bytes > 0 {
		why := k.conn.Settle(k.s.cfg.Congestion)
		k.settled = why != ""
		if k.settled && k.path.explained.CompareAndSwap(false, true) {
			k.s.log.Printf(LevelChoices, "path %v: %s", k.path, why)
		}
	}
	if k.loop.now.Sub(k.spoke) >= k.s.time.Beat && k.leg == nil && len(k.control) == 0 {
		k.control = wire.Beat{Sent: uint64(k.loop.now.UnixNano()), Echo: k.echo}.Append(k.control)
		if err := k.send(); err != nil {
			k.lose(err)
		}
	}
}

// say queues frames and sends them as far as possible.
func (k *txlink) say(frames []byte) {
	k.control = append(k.control, frames...)
	if err := k.send(); err != nil {
		k.lose(err)
	}
}

// abandon closes the link with a leg on its way that nobody needs any more.
func (k *txlink) abandon() {
	k.dropLeg()
	k.conn.Abort()
	k.dropZero()
}

// part closes the link when all is said. What the peer still sends is read first: the kernel answers a close that leaves
// something unread with a reset, which may throw away our last words before the peer has read them.
func (k *txlink) part() {
	k.conn.Finish()
	for {
		if _, err := k.conn.Recv(k.in[:], nil); err != nil {
			break
		}
	}
	k.conn.Close()
	k.dropZero()
}

// lose ends the link. The legs that it carried and that nobody else carries are sent again, on any link.
func (k *txlink) lose(err error) {
	if k.gone {
		return
	}
	if netio.Refused(err) {
		k.lastWords()
	}
	if err == errLeft {
		_, _ = k.conn.Send(wire.Bye{}.Append(nil), nil)
	}
	if !k.closeZero() {
		k.close(err != errLeft)
	}
	k.dropLeg()
	n := k.s.window.lost(k.carried)
	if n > 0 {
		k.s.log.Printf(LevelResent, "link %d lost %d legs, which go to other links", k.index, n)
	}
	k.carried, k.trips = nil, nil
	k.publish()
	k.s.allowed.Add(int64(-k.allowed))
	k.s.linkLost(k, err)
	k.lost(err)
}

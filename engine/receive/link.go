package receive

import (
	"viamillipede/engine/doors"
	"viamillipede/engine/internal/stream"
	"viamillipede/engine/observe"
	"viamillipede/engine/receive/egress"
	"viamillipede/engine/receive/stage"
	"viamillipede/engine/resume"
	"viamillipede/engine/ring"
	"viamillipede/engine/schedule"
	"viamillipede/engine/wire"
	"viamillipede/netio"
)

// rxlink is one link at the receiving end: it reads legs and control frames, and writes acks.
type rxlink struct {
	stream.Link
	r   *Receiver
	way *doors.Way // by which it came
	dialled
	owner *rxloop // the loop that has it; changed by its own thread under Life.Mu, under which others read it

	// Input is a header, then the payload that it announces, then the next header.
	state  stage.Stage
	header [wire.HeaderLen]byte
	got    int // bytes of header, or of the payload once the header is whole
	frame  wire.Header
	leg    *egress.Leg // in stage.Buffered, stage.Placed and stage.Stalled; else nil
	cut    egress.Leg  // in stage.Cut and stage.Held
	parked stage.Spot  // stage.Parked
	teller resume.Teller
	small  [wire.MaxToReceiver]byte

	// These are no part of state, because they last while it changes, each through all of its values.
	useful   bool    // it has brought a frame that does not end it
	forsaken bool    // the last words were said, and not heard: a later link has to carry them. A link that parts still reads
	ending   bool    // the connection is lost, and what is left in it is read (lastWords): leg after leg, all into buffers
	muted    bool    // as the poller was told: the watch is off. It stays off over any number of frames, while the link is away
	missed   bool    // news for Ready that came while the link was away: the sink takes more. What state it meets is seen afterwards
	bound    *rxloop // where the link moves once it is at stage.Header, which may be many reads later; nil: it stays
	stray    stray
}

// awaitMost bounds how many bytes of a leg a link waits for before its loop wakes up: one wake-up moves that much.
const awaitMost = 512 << 10

// bytesPerRound bounds what one link may bring in before the others get their turn, and acks leave.
const bytesPerRound = 1 << 20

// Ready reads what is there, acknowledges it, and delivers what is in order.
func (k *rxlink) Ready(events uint32) {
	switch {
	case k.Gone:
		return
	case k.Away && events == sinkRoom:
		k.missed = true
		return
	case k.Away:
		k.mute()
		return
	case k.Parting:
		k.drop()
		return
	case k.broken(events):
		k.resume()
		return
	}
	k.Away = true
	err := k.attend(events)
	k.Away = false
	if err == nil {
		err = k.Doomed
	}
	if err == nil {
		err = k.unmute()
	}
	if err != nil {
		k.lose(err)
		return
	}
	if k.missed || k.Conn.Kept() && !k.departs() { // the poller knows nothing of the rest of a round
		k.missed = false
		k.Loop.Post(func() { k.Ready(sinkRoom) })
	}
}

// attend does the work of Ready, while away keeps everybody else off the link.
func (k *rxlink) attend(events uint32) error {
	if events&netio.Writable != 0 && k.Full {
		k.Full = false
		_ = k.watch()
	}
	err := k.unhold(events)
	if err == nil {
		err = k.receive()
	}
	if err == nil && k.owner.owed >= k.r.store.AckEvery {
		err = k.acknowledge()
	}
	if err == nil {
		err = k.speak()
	}
	if err == nil {
		err = k.answer()
	}
	if err == nil {
		k.Conn.Await(k.worthWaking())
	}
	return err
}

// worthWaking is how many bytes must have arrived to make another look at the socket worthwhile: the rest of a leg, since
// less of it can be neither acknowledged nor, usually, delivered.
func (k *rxlink) worthWaking() int {
	if k.state == stage.Header {
		return 1
	}
	return min(int(k.frame.Length)-k.got, awaitMost)
}

// speak sends what waits in control; what the socket does not take leaves when it is writable. Nothing may follow the last
// words: the attempt would end the connection, and lose them.
func (k *rxlink) speak() error {
	if k.Parting {
		k.Control = k.Control[:0]
		return nil
	}
	was := k.Full
	done, err := k.Flush()
	if err == nil && !done && !was {
		err = k.watch()
	}
	return err
}

// mute ends the watch for a while: readiness that nobody may handle would be reported again and again.
func (k *rxlink) mute() {
	if !k.muted {
		k.muted = true
		k.Loop.Mute(k.Conn.FD())
	}
}

// unmute resumes the watch if it was muted, unless the link waits for the sink.
func (k *rxlink) unmute() error {
	if !k.muted || k.state == stage.Stalled {
		return nil
	}
	k.muted = false
	return k.Loop.Unmute(k.Conn.FD(), k.events(), k.Token)
}

// watch asks for what the link can make use of.
func (k *rxlink) watch() error {
	if k.muted {
		return nil
	}
	return k.Loop.Rewatch(k.Conn.FD(), k.events(), k.Token)
}

// receive reads until the socket is empty or the link's share of the round is used up; the watch is level-triggered, so what is left
// there is reported again.
func (k *rxlink) receive() error {
	for budget := bytesPerRound; budget > 0 && !k.state.Waits() && !k.departs(); {
		n, drained, err := k.read()
		if err == netio.ErrAgain {
			return nil
		}
		if err != nil {
			return err
		}
		budget -= n
		k.Heard = k.Loop.Now
		if drained || k.Loop.Aboard() {
			return nil
		}
	}
	return nil
}

// read makes one system call: for the rest of the header, or for the rest of the payload and the header after it. drained
// says that it brought less than it had room for.
func (k *rxlink) read() (n int, drained bool, err error) {
	switch k.state {
	case stage.Header:
		room := k.header[k.got:]
		n, err = k.Conn.Recv(room, nil)
		k.got += n
		if err == nil && k.got == len(k.header) {
			err = k.beginFrame()
		}
		return n, n < len(room), err
	case stage.Cut:
		return k.cutThrough()
	case stage.Placed:
		return k.place()
	}
	into := k.room()
	left := int(k.frame.Length) - k.got
	var next []byte
	if len(into) == left && k.bound == nil {
		next = k.header[:]
	}
	n, err = k.Conn.Recv(into, next)
	drained = n < len(into)+len(next)
	if err != nil {
		return n, drained, err
	}
	if n < left {
		k.got += n
		return n, drained, nil
	}
	k.state, k.got = stage.Header, n-left
	if err = k.finishFrame(); err == nil && k.got == len(k.header) {
		err = k.beginFrame()
	}
	return n, drained, err
}

// room is where the next bytes of the payload go.
func (k *rxlink) room() []byte {
	left := int(k.frame.Length) - k.got
	switch k.state {
	case stage.Buffered:
		return k.leg.Buf.Bytes()[k.got:k.frame.Length]
	case stage.Dropped:
		return k.owner.waste[:min(left, len(k.owner.waste))]
	}
	return k.small[k.got:k.frame.Length]
}

// beginFrame obeys a whole header.
func (k *rxlink) beginFrame() error {
	h, err := wire.ParseHeaderFrom(wire.Sender, k.header[:])
	if err != nil {
		return err
	}
	k.Proved = true
	if !k.useful && h.Type != wire.TypeBye && h.Type != wire.TypeError {
		k.useful = true
		k.r.fate.Useful.Add(1)
	}
	k.frame, k.got = h, 0
	if h.Type != wire.TypeBeat {
		k.Quiet.Stirred = true
		k.Loop.Stir()
	}
	switch {
	case h.Type == wire.TypeLeg, h.Type == wire.TypeCoded:
		return k.beginLeg(h.Leg())
	case h.IsLeg():
		return k.bareLeg(h.Leg())
	}
	if h.Length > 0 {
		k.state = stage.Control
		return nil
	}
	return k.obey()
}

// obey handles a whole control frame, of a type that the sender may send.
func (k *rxlink) obey() error {
	if t := k.frame.Type; t == wire.TypeName || t == wire.TypeSize || t == wire.TypeExit {
		return k.r.out.Hear(k.frame, k.small[:k.frame.Length], k.r.store.Grants)
	}
	if k.frame.Type == wire.TypeEnd {
		return receiveEnd{k.r}.endsAt(k.frame.End(), k.owner)
	}
	if k.frame.Type == wire.TypeAsk {
		return k.r.had.Asked(k.frame, k.small[:k.frame.Length], k.r.store.Grants, &k.teller)
	}
	return k.Link.Obey(k.frame, k.small[:k.frame.Length], receiveEnd{k.r})
}

// silent reports whether nothing has been heard for so long that the link is dead. It waits longer while other links of the
// path bring something, since all of them may wait in one queue: the sender knows how deep that is, and finds a dead link itself.
func (k *rxlink) silent() bool {
	k.way.Hear(k.Heard)
	now := k.Loop.Now
	silence, dead := k.Quiet.Silence(now, k.Heard, k.r.time)
	if silence < dead {
		return false
	}
	dead = schedule.WithTrip(dead, k.Conn.Queued().RTT)
	return silence >= dead && (k.way.Quiet(now) >= dead || silence >= schedule.PatienceTimes*k.r.time.Dead)
}

// dead reads what has come in on a link that is silent, and reports whether it still is: on a busy machine this thread may have had no CPU for
// as long as the silence lasts, and what came meanwhile may be the last words of a sender that has gone. The link may have ended with that.
func (k *rxlink) dead() bool {
	if !k.silent() {
		return false
	}
	k.Ready(0)
	return !k.Gone && !k.Loop.Aboard() && k.silent()
}

// busy reports whether the link is in the middle of something.
func (k *rxlink) busy() bool {
	return k.state != stage.Header || k.got > 0 || len(k.Control) > 0 || k.Away || k.Parting || k.bound != nil || k.stray.to != nil
}

// tick keeps the link's clocks. A heartbeat brings an ack along, so that no credit is ever stuck.
func (k *rxlink) tick() {
	if k.Parting {
		return
	}
	switch {
	case k.Away:
		k.Heard = k.Loop.Now
		k.Full = false // it may be: nobody watches
		if err := k.speak(); err != nil {
			k.lose(err)
			return
		}
	case k.state == stage.Held, k.state == stage.Stalled:
		k.Heard = k.Loop.Now // it may have sent something: we do not look
	case k.state != stage.Header:
		k.Ready(0) // a slow link may have brought something, but less than is worth waking
		if k.Gone {
			return
		}
	}
	k.follow()
	k.measurePath()
	k.Pulse.Beat(k.Loop.Now, k.arrived())
	if k.dead() {
		k.lose(stream.ErrSilent)
		return
	}
	if k.Gone || k.Loop.Aboard() || !k.Beats(k.r.time) {
		return
	}
	if err := k.acknowledge(); err != nil {
		k.lose(err)
	}
}

// say queues frames and sends them as far as possible.
func (k *rxlink) say(frames []byte) {
	k.Control = append(k.Control, frames...)
	if err := k.speak(); err != nil {
		k.lose(err)
	}
}

// took counts a leg that came in whole, so that an ack is owed for it.
func (k *rxlink) took() {
	k.owner.owe(max(1, int(k.frame.Length))) // an ack is owed for a bare leg too
	k.Legs++
	k.Bytes += uint64(k.frame.Length)
	if k.path != nil {
		k.path.Bytes.Add(k.Loop, int(k.frame.Length))
	}
	if observe.Listens(k.r.observer, observe.LevelLegs) {
		l := k.frame.Leg()
		observe.Tell(k.r.observer, observe.LegReceived{Leg: l.Number, Bytes: int(l.Length), Offset: l.Offset, Link: k.Index})
	}
}

// acknowledge reports what has been received and delivered so far, on whatever links. If the socket is full the ack stays due: a
// later one says more.
func (k *rxlink) acknowledge() error {
	if k.Full && len(k.Control) > 0 {
		return nil
	}
	from, n := k.r.store.Ring.Bitmap(k.owner.words[:])
	a := wire.Ack{Received: uint64(from), Bitmap: k.owner.words[:n]}
	a.Delivered = min(uint64(k.r.store.Ring.Next()), a.Received)
	k.owner.owed, k.owner.told, k.owner.news = 0, ring.Seq(a.Delivered), false
	k.Control = a.Append(k.Control)
	return k.speak()
}

// departs reports whether the link is about to leave its loop, which it does between two frames.
func (k *rxlink) departs() bool { return k.bound != nil && k.state == stage.Header }

// events is what the link can currently make use of.
func (k *rxlink) events() uint32 {
	var events uint32
	if !k.state.Waits() {
		events |= netio.Readable
	}
	if k.Full {
		events |= netio.Writable
	}
	return events
}

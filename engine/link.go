package engine

import (
	"time"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/loop"
	"viamillipede/engine/schedule"
	"viamillipede/engine/wire"
	"viamillipede/netio"
	"viamillipede/netio/sockstats"
)

// socketMost is more than a connection holds for its reader, in bytes (net.ipv4.tcp_rmem is 6 MiB, or a few times that).
const socketMost = 64 << 20

// Link is what a link has at either end: a connection under its loop's watch, control frames that wait to be sent, clocks, and
// how it ends. It is part of a txlink or an rxlink, which move the legs. It belongs to its loop's thread.
type Link struct {
	index      int    // of the link in its stream, from 0
	generation uint32 // how often the link was dialled before
	name       string // of its path, or where it came from, for people
	conn       stream.Connection
	loop       *loop.Loop
	past       *linkSums       // the loop's, of links that have ended; nil: nobody asked for them
	token      int32           // of the loop's watch
	counted    *sockstats.Link // nil: no statistics

	// control holds whole frames that leave between two legs, or what is left of them.
	control []byte
	full    bool   // the socket took less than it was given: wait for Writable
	said    uint64 // bytes of control that have been sent

	heard, spoke time.Time // when bytes last came in, and went out
	echo         uint64    // of the last heartbeat received

	// away: a thread is in the middle of something with the link that includes a call which may wait (loop.Loop.Away). Others
	// leave that alone, and the link ends only once it is done. doomed is why the link must end then; nil: it need not.
	away   bool
	doomed error

	upSince  time.Time
	pulse    stream.Pulse
	bytes    uint64 // payload sent on it, or received
	legs     uint64
	gone     bool
	parting  bool // the last words are said
	proved   bool // a frame has come in on it
	told     bool // the peer has said why it ends the link
	answered bool // the peer said that it has finished with this link: its end is no loss
}

// start puts the connection under the watch of l. past is where the loop keeps the summaries of links that have ended.
func (k *Link) start(l *loop.Loop, past *linkSums, events uint32, w loop.Watcher) error {
	k.loop, k.past = l, past
	k.upSince, k.heard, k.spoke = l.Now, l.Now, l.Now
	k.pulse.Beat(l.Now, k.bytes)
	token, err := l.Watch(k.conn.FD(), events, w)
	k.token = token
	return err
}

// hearer hears what the peer says about the stream, and not only about a link.
type hearer interface {
	peerFailed(on *Link, f wire.Fault) error // the error, usually nil, only ends the link
	peerFinished()
}

// obey handles a whole control frame of a type that either end may send.
func (k *Link) obey(h wire.Header, payload []byte, to hearer) error {
	switch h.Type {
	case wire.TypeBeat:
		k.echo = h.Beat().Sent
	case wire.TypeBye:
		b := h.Bye()
		if b.Stream {
			to.peerFinished()
		}
		return k.bye(b)
	case wire.TypeError:
		f, err := h.Fault(payload)
		if err != nil {
			return err
		}
		return to.peerFailed(k, f)
	}
	return nil
}

// bye handles the peer's word that it ends the link on purpose: nothing more comes on it. If it ends the stream too, the link stays
// until the peer closes it.
func (k *Link) bye(b wire.Bye) error {
	g := stream.GivenUp{Reason: b.Reason}
	k.told, k.answered = true, b.Stream || g.Harmless()
	if b.Stream {
		return nil
	}
	return g
}

// spared reports whether a link need not be ended now: it is gone already, or a thread is in the middle of something with it, which
// ends it with err when it has come back.
func (k *Link) spared(err error) bool {
	if k.away && k.doomed == nil {
		k.doomed = err
	}
	return k.gone || k.away
}

// beats queues a heartbeat, and reports that it did, if nothing has gone out for so long and nothing waits to.
func (k *Link) beats(every time.Duration) bool {
	if k.loop.Now.Sub(k.spoke) < every || len(k.control) > 0 {
		return false
	}
	k.control = wire.Beat{Sent: uint64(k.loop.Now.UnixNano()), Echo: k.echo}.Append(k.control)
	return true
}

// giveUp queues what the peer has to know about a link that this end gives up.
func (k *Link) giveUp(why wire.Reason) { k.control = wire.Bye{Reason: why}.Append(k.control) }

// flush sends what is left of control; it reports true if nothing is left and the socket may take more.
func (k *Link) flush() (bool, error) {
	for len(k.control) > 0 {
		if k.full {
			return false, nil
		}
		n, err := k.conn.Send(k.control, nil)
		if err == netio.ErrAgain {
			k.full = true
			return false, nil
		}
		if err != nil {
			return false, err
		}
		k.spoke = k.loop.Now
		k.said += uint64(n)
		k.control = k.control[:copy(k.control, k.control[n:])]
	}
	return true, nil
}

// exhaust has read, which says how many bytes it took, called until it fails, with that error, or has taken what a socket may hold.
func exhaust(read func() (int, error)) error {
	for budget := socketMost; budget > 0; {
		n, err := read()
		if err != nil {
			return err
		}
		budget -= n
	}
	return nil
}

// heardOut reports whether the peer, which has ended the link, has the last words that were said on it, as far as that can be told. One
// that has read them may answer them with a reset, where it leaves something unread; one that had given the link up before has ended
// its side, and acknowledges nothing.
func (k *Link) heardOut(err error) bool {
	switch stream.EndingOf(err, false) {
	case schedule.EndReset:
		return true
	case schedule.EndClosed:
		return !k.keepsWords()
	}
	return false
}

// keepsWords reports whether the peer's kernel is known to lack some of what was said. The end of our side (FIN) counts as a byte,
// and is no word.
func (k *Link) keepsWords() bool {
	q := k.conn.Queued()
	return q.Told && q.InNetwork+q.Unsent > 1
}

// retire ends the link, while its connection still exists.
func (k *Link) retire() {
	k.gone = true
	k.sumUp()
	k.uncount()
}

// close ends the link and its connection: with a reset if something may be left undone, else so that what was sent arrives.
func (k *Link) close(reset bool) {
	k.retire()
	k.loop.Unwatch(k.conn.FD(), k.token)
	if reset {
		k.conn.Abort()
		return
	}
	k.conn.Close()
}

package stream

import (
	"errors"
	"time"

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
	Index      int    // of the link in its stream, from 0
	Generation uint32 // how often the link was dialled before
	Name       string // of its path, or where it came from, for people
	Conn       Connection
	Loop       *loop.Loop
	Past       *linkSums       // the loop's, of links that have ended; nil: nobody asked for them
	Token      int32           // of the loop's watch
	counted    *sockstats.Link // nil: no statistics

	// Control holds whole frames that leave between two legs, or what is left of them.
	Control []byte
	Full    bool   // the socket took less than it was given: wait for Writable
	Said    uint64 // bytes of control that have been sent

	Heard, Spoke time.Time // when bytes last came in, and went out
	echo         uint64    // of the last heartbeat received

	// Away: a thread is in the middle of something with the link that includes a call which may wait (loop.Loop.Away). Others
	// leave that alone, and the link ends only once it is done. Doomed is why the link must end then; nil: it need not.
	Away   bool
	Doomed error

	Quiet    schedule.Quiet
	UpSince  time.Time
	Pulse    Pulse
	Bytes    uint64 // payload sent on it, or received
	Legs     uint64
	Gone     bool
	Parting  bool // the last words are said
	Proved   bool // a frame has come in on it
	Told     bool // the peer has said why it ends the link
	Answered bool // the peer said that it has finished with this link: its end is no loss
}

// Start puts the connection under the watch of l. past is where the loop keeps the summaries of links that have ended.
func (k *Link) Start(l *loop.Loop, past *linkSums, events uint32, w loop.Watcher) error {
	k.Loop, k.Past = l, past
	k.UpSince, k.Heard, k.Spoke = l.Now, l.Now, l.Now
	k.Pulse.Beat(l.Now, k.Bytes)
	l.Stir()
	token, err := l.Watch(k.Conn.FD(), events, w)
	k.Token = token
	return err
}

// Hearer hears what the peer says about the stream, and not only about a link.
type Hearer interface {
	PeerFailed(on *Link, f wire.Fault) error // the error, usually nil, only ends the link
	PeerFinished()
}

// Obey handles a whole control frame of a type that either end may send.
func (k *Link) Obey(h wire.Header, payload []byte, to Hearer) error {
	switch h.Type {
	case wire.TypeBeat:
		k.echo = h.Beat().Sent
	case wire.TypeBye:
		b := h.Bye()
		if b.Stream {
			to.PeerFinished()
		}
		return k.bye(b)
	case wire.TypeError:
		f, err := h.Fault(payload)
		if err != nil {
			return err
		}
		return to.PeerFailed(k, f)
	}
	return nil
}

// bye handles the peer's word that it ends the link on purpose: nothing more comes on it. If it ends the stream too, the link stays
// until the peer closes it.
func (k *Link) bye(b wire.Bye) error {
	g := givenUp{Reason: b.Reason}
	k.Told, k.Answered = true, b.Stream || g.harmless()
	if b.Stream {
		return nil
	}
	return g
}

// Spared reports whether a link need not be ended now: it is gone already, or a thread is in the middle of something with it, which
// ends it with err when it has come back.
func (k *Link) Spared(err error) bool {
	if k.Away && k.Doomed == nil {
		k.Doomed = err
	}
	return k.Gone || k.Away
}

// Beats queues a heartbeat, and reports that it did, if nothing has gone out for long enough and nothing waits to.
func (k *Link) Beats(t schedule.Timing) bool {
	if k.Loop.Now.Sub(k.Spoke) < k.Quiet.Beat(k.Loop.Beat, t) || len(k.Control) > 0 {
		return false
	}
	k.Control = wire.Beat{Sent: uint64(k.Loop.Now.UnixNano()), Echo: k.echo}.Append(k.Control)
	return true
}

// GiveUp queues what the peer has to know about a link that this end gives up.
func (k *Link) GiveUp(why wire.Reason) { k.Control = wire.Bye{Reason: why}.Append(k.Control) }

// Flush sends what is left of control; it reports true if nothing is left and the socket may take more.
func (k *Link) Flush() (bool, error) {
	for len(k.Control) > 0 {
		if k.Full {
			return false, nil
		}
		n, err := k.Conn.Send(k.Control, nil)
		if err == netio.ErrAgain {
			k.Full = true
			return false, nil
		}
		if err != nil {
			return false, err
		}
		k.Spoke = k.Loop.Now
		k.Said += uint64(n)
		k.Control = k.Control[:copy(k.Control, k.Control[n:])]
	}
	return true, nil
}

// Exhaust has read, which says how many bytes it took, called until it fails, with that error, or has taken what a socket may hold.
func Exhaust(read func() (int, error)) error {
	for budget := socketMost; budget > 0; {
		n, err := read()
		if err != nil {
			return err
		}
		budget -= n
	}
	return nil
}

// HeardOut reports whether the peer, which has ended the link, has the last words that were said on it, as far as that can be told. One
// that has read them may answer them with a reset, where it leaves something unread; one that had given the link up before has ended
// its side, and acknowledges nothing.
func (k *Link) HeardOut(err error) bool {
	how := EndingOf(err, false)
	if how == schedule.EndReset {
		return true
	}
	_, told := errors.AsType[givenUp](err) // perhaps because of what it has just heard
	return (told || how == schedule.EndClosed) && !k.KeepsWords()
}

// KeepsWords reports whether the peer's kernel is known to lack some of what was said. The end of our side (FIN) counts as a byte,
// and is no word.
func (k *Link) KeepsWords() bool {
	q := k.Conn.Queued()
	return q.Told && q.InNetwork+q.Unsent > 1
}

// Retire ends the link, while its connection still exists.
func (k *Link) Retire() {
	k.Gone = true
	k.sumUp()
	k.Uncount()
}

// Close ends the link and its connection: with a reset if something may be left undone, else so that what was sent arrives.
func (k *Link) Close(reset bool) {
	k.Retire()
	k.Loop.Unwatch(k.Conn.FD(), k.Token)
	if reset {
		k.Conn.Abort()
		return
	}
	k.Conn.Close()
}

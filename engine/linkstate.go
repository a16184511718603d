package engine

import (
	"time"

	"viamillipede/engine/loop"
	"viamillipede/engine/wire"
	"viamillipede/netio"
	"viamillipede/netio/sockstats"
)

// socketMost is more than a connection holds for its reader, in bytes (net.ipv4.tcp_rmem is 6 MiB, or a few times that).
const socketMost = 64 << 20

// linkState is what both kinds of link have: a connection under its loop's watch, control frames that wait to be sent, and
// clocks. It belongs to its loop's thread.
type linkState struct {
	index      int    // of the link in its stream, from 0
	generation uint32 // how often the link was dialled before
	path       string // for people
	conn       connection
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

	since    time.Time
	pulse    pulse
	bytes    uint64 // payload sent on it, or received
	legs     uint64
	gone     bool
	proved   bool // a frame has come in on it
	told     bool // the peer has said why it ends the link
	answered bool // the peer said that it has finished with this link: its end is no loss
}

// start puts the connection under the watch of l. past is where the loop keeps the summaries of links that have ended.
func (k *linkState) start(l *loop.Loop, past *linkSums, events uint32, w loop.Watcher) error {
	k.loop, k.past = l, past
	k.since, k.heard, k.spoke = l.Now, l.Now, l.Now
	k.pulse.beat(l.Now, k.bytes)
	token, err := l.Watch(k.conn.FD(), events, w)
	k.token = token
	return err
}

// bye handles the peer's word that it ends the link on purpose: nothing more comes on it. If it ends the stream too, the link stays
// until the peer closes it.
func (k *linkState) bye(b wire.Bye) error {
	g := givenUp{b.Reason}
	k.told, k.answered = true, b.Stream || g.harmless()
	if b.Stream {
		return nil
	}
	return g
}

// condemn ends a link once the thread that is in the middle of something with it has come back; false: there is none.
func (k *linkState) condemn(err error) bool {
	if k.away && k.doomed == nil {
		k.doomed = err
	}
	return k.away
}

// flush sends what is left of control; it reports true if nothing is left and the socket may take more.
func (k *linkState) flush() (bool, error) {
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

// retire ends the link, while its connection still exists.
func (k *linkState) retire() {
	k.gone = true
	k.sumUp()
	k.uncount()
}

// close ends the link and its connection: with a reset if something may be left undone, else so that what was sent arrives.
func (k *linkState) close(reset bool) {
	k.retire()
	k.loop.Unwatch(k.conn.FD(), k.token)
	if reset {
		k.conn.Abort()
		return
	}
	k.conn.Close()
}

package engine

import (
	"time"

	"viamillipede/engine/loop"
	"viamillipede/engine/wire"
	"viamillipede/netio"
	"viamillipede/netio/sockstats"
)

// socketMost is more than what a connection holds for its reader, in bytes (net.ipv4.tcp_rmem is 6 MiB, or a few times that).
const socketMost = 64 << 20

// linkState is what both kinds of link have: a connection under its loop's watch, frames of control that wait to leave,
// and clocks. It belongs to its loop's thread.
type linkState struct {
	index      int    // of the link in its stream, from 0
	generation uint32 // how often the link was dialled before
	path       string // for people
	conn       connection
	loop       *loop.Loop
	past       *linkSums       // the loop's, of links that ended; nil: nobody wants to know
	token      int32           // of the loop's watch
	counted    *sockstats.Link // nil: no statistics

	// control holds whole frames that leave between two legs, or what is left of them.
	control []byte
	full    bool   // the socket took less than it was given: wait for Writable
	said    uint64 // bytes of control that left

	heard, spoke time.Time // when bytes last came in, went out
	echo         uint64    // of the last heartbeat that came in

	// away: a thread is in the middle of something with the link, which a call that may wait is a part of (loop.Loop.Away). Others
	// leave alone what that is about, and the link ends when it is done. doomed is why it shall end then, nil: it shall not.
	away   bool
	doomed error

	since    time.Time
	pulse    pulse
	bytes    uint64 // payload sent on it, or received
	legs     uint64
	gone     bool
	proved   bool // a frame came in on it
	told     bool // the peer said why it ends the link
	answered bool // the peer said that it has finished with this link: its end is no loss
}

// start puts the connection under the watch of l. past is where the loop keeps the summaries of links that ended.
func (k *linkState) start(l *loop.Loop, past *linkSums, events uint32, w loop.Watcher) error {
	k.loop, k.past = l, past
	k.since, k.heard, k.spoke = l.Now, l.Now, l.Now
	k.pulse.beat(l.Now, k.bytes)
	token, err := l.Watch(k.conn.FD(), events, w)
	k.token = token
	return err
}

// bye takes in that the peer ends the link on purpose: nothing more comes on it. With the stream's end it stays until the peer
// closes it.
func (k *linkState) bye(b wire.Bye) error {
	g := givenUp{b.Reason}
	k.told, k.answered = true, b.Stream || g.harmless()
	if b.Stream {
		return nil
	}
	return g
}

// condemn has a link end when the thread has come back that is in the middle of something with it; false: none is.
func (k *linkState) condemn(err error) bool {
	if k.away && k.doomed == nil {
		k.doomed = err
	}
	return k.away
}

// flush sends what is left of control; true when nothing is left and the socket may take more.
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

// retire ends the link, while its connection is still there.
func (k *linkState) retire() {
	k.gone = true
	k.sumUp()
	k.uncount()
}

// close ends the link and its connection: with a reset when something may be left undone, else so that what was sent arrives.
func (k *linkState) close(reset bool) {
	k.retire()
	k.loop.Unwatch(k.conn.FD(), k.token)
	if reset {
		k.conn.Abort()
		return
	}
	k.conn.Close()
}

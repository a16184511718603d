package sealed

import (
	"errors"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/seal"
	"viamillipede/netio"
)

// Writable is a stream.Conn that can say whether Send would take anything now.
type Writable interface{ Writable() bool }

// ErrCut is why a link is lost whose peer's side ended without saying so: anybody on the way can do that. It is an end for netio.Closed.
var ErrCut = cut{}

type cut struct{}

// Conn is a sealed connection. Like a netio.Conn it belongs to one thread at a time.
type Conn struct {
	socket  stream.Conn
	in, out *seal.Half

	// What is sealed and not yet in the socket: waits[from:to]. See Send.
	waits    []byte // a buffer of outs; nil: nothing waits
	from, to int
	owed     bool   // the last byte that was offered is sealed, and was not reported as taken
	over     uint64 // bytes that records have added to what was sent
	ended    bool   // our side has said that it ends
	shut     bool   // and the socket's has

	// What came in: opened bytes of a record, and behind them records, the last of which may be a part of one.
	came         []byte // a buffer of ins; nil: empty
	clear, upTo  int    // came[clear:upTo] is open
	next, filled int    // came[next:filled] is sealed
	rekey        bool   // the peer wants the next record of ours under the next secret
	lost         error  // why nothing more is read; nil: it is
}

// New makes a connection of a socket and the halves of a handshake, which belong to it from then on.
func New(s stream.Conn, in, out *seal.Half) *Conn { return &Conn{socket: s, in: in, out: out} }

// FD is the descriptor to watch. What Kept says no poller knows.
func (c *Conn) FD() int { return c.socket.FD() }

// Info is what the kernel says of the connection.
func (c *Conn) Info() netio.Info { return c.socket.Info() }

// Queued is where the bytes are that were sent, counted as they go over the network. Acked counts without what records add.
func (c *Conn) Queued() netio.Queue {
	q := c.socket.Queued()
	if q.Told {
		q.Unsent += c.to - c.from
		q.Acked -= min(q.Acked, c.over)
	}
	return q
}

// Finish ends our side of the connection, and says so, as soon as the socket takes that.
func (c *Conn) Finish() {
	c.sayEnd()
	_ = c.flush()
}

// Close ends the connection. The peer is told, if the socket takes that now; what the socket has still arrives.
func (c *Conn) Close() error {
	c.Finish()
	c.forget()
	return c.socket.Close()
}

// Abort ends the connection with a reset.
func (c *Conn) Abort() error {
	c.forget()
	return c.socket.Abort()
}

// forget clears the secrets, and gives the buffers back.
func (c *Conn) forget() {
	c.ended, c.shut, c.lost = true, true, ErrCut
	c.in.Wipe()
	c.out.Wipe()
	c.from, c.to = 0, 0
	c.putAway()
	c.clear, c.upTo, c.next, c.filled = 0, 0, 0, 0
	c.shelve()
}

// errEnded is why nothing is sent any more.
var errEnded = errors.New("this side of the link has ended")

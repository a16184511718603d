// Package streamtest has connections for tests of links by themselves. streamtest.go is all of it.
package streamtest

import (
	"viamillipede/engine/internal/stream"
	"viamillipede/netio"
)

// Unread is a connection with something in its socket that nobody has looked at, and nothing else.
type Unread struct {
	stream.Conn
	Left []byte
}

// Recv is netio.Conn.Recv, into a alone.
func (u *Unread) Recv(a, _ []byte) (n int, err error) {
	if len(u.Left) == 0 {
		return 0, netio.ErrAgain
	}
	n = copy(a, u.Left)
	u.Left = u.Left[n:]
	return n, nil
}

// Queued is that of a connection of which nothing is known.
func (*Unread) Queued() netio.Queue { return netio.Queue{} }

// Kept reports false: there is only the socket.
func (*Unread) Kept() bool { return false }

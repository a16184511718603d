package seal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
)

// Conn is a sealed connection while it is being greeted: calls wait, as those of any net.Conn do. What a Write is given goes in records
// of its own, and Read takes not a byte more than the record that it needs, so Release leaves nothing behind. One goroutine reads and
// one writes, at most; the other methods of net.Conn may be called at any time.
type Conn struct {
	net.Conn
	in, out *Half
	record  []byte // read
	rest    []byte // of its content
}

// Clear is why a handshake fails whose peer does not speak TLS: First is what it said, as far as it was read.
type Clear struct{ First []byte }

func (*Clear) Error() string { return "the peer does not speak TLS" }

// Dial seals a connection at the end that has dialled. It waits as long as the deadline of c allows; c stays the caller's on an error.
// (*Clear): the peer answers in the clear. Any other error: the peer does not have the key, or the connection failed.
func (k *Key) Dial(ctx context.Context, c net.Conn) (*Conn, error) {
	in, out, err := k.dial(ctx, c)
	if first, ok := errors.AsType[*firstBytes](err); ok {
		return nil, &Clear{first.b}
	}
	if err != nil {
		return nil, err
	}
	return newConn(c, in, out), nil
}

// Hear seals a connection at the end that listens, likewise. (*Clear): the peer began in the clear. (ErrStranger): it began as one with
// another key does, and its first flight was read whole. No error is told to the peer.
func (k *Key) Hear(ctx context.Context, c net.Conn) (*Conn, error) {
	in, out, err := k.hear(ctx, c)
	if first, ok := errors.AsType[*firstBytes](err); ok {
		return nil, &Clear{first.b}
	}
	if err != nil {
		return nil, err
	}
	return newConn(c, in, out), nil
}

func newConn(c net.Conn, in, out *Half) *Conn {
	return &Conn{Conn: c, in: in, out: out, record: make([]byte, MostRecord)}
}

// Read implements net.Conn. (io.EOF): the peer has ended its side, and said so.
func (c *Conn) Read(p []byte) (int, error) {
	for len(c.rest) == 0 {
		record, err := readRecord(c.Conn, c.record[:recordHead], recordData)
		if err == io.EOF {
			err = io.ErrUnexpectedEOF // nobody has signed it
		}
		if err != nil {
			return 0, err
		}
		t, n, err := c.in.Open(InPlace(record), record)
		if err != nil {
			return 0, err
		}
		if t == Data {
			c.rest = InPlace(record)[:n]
			continue
		}
		closed, _, err := c.in.Obey(t, InPlace(record)[:n])
		switch {
		case err != nil:
			return 0, err
		case closed:
			return 0, io.EOF
		}
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

// Write implements net.Conn.
func (c *Conn) Write(p []byte) (n int, err error) {
	for len(p) > 0 && err == nil {
		piece := p[:min(len(p), MostContent)]
		record := make([]byte, len(piece)+Overhead)
		c.out.Seal(record, Data, piece, nil)
		if _, err = c.Conn.Write(record); err == nil {
			n, p = n+len(piece), p[len(piece):]
		}
	}
	return n, err
}

// Release gives back the connection and its halves, which go on where they stand. An error: a record has come in that holds more than was
// read of it.
func (c *Conn) Release() (conn net.Conn, in, out *Half, err error) {
	if len(c.rest) > 0 {
		return nil, nil, nil, fmt.Errorf("%w of a greeting alone", ErrRecord)
	}
	return c.Conn, c.in, c.out, nil
}

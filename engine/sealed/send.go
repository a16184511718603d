package sealed

import (
	"errors"

	"viamillipede/engine/seal"
	"viamillipede/netio"
)

// Send seals a, then b, as far as they fit into the records of one system call, and gives them to the socket. It returns what
// netio.Conn.Send returns, in bytes of a and b, with one difference: the caller that is told n goes on with what follows them, whatever
// n is, and does not take back what it offered.
//
// A record that was sealed must leave as it is, because its place in the sequence is used. So what the socket does not take waits here,
// and goes before anything else. When all that was offered is sealed but still waits, its last byte is not reported: the caller comes
// back with that byte once the socket takes more, and so the rest leaves too.
func (c *Conn) Send(a, b []byte) (int, error) {
	if c.ended {
		return 0, errEnded
	}
	if err := c.flush(); err != nil {
		return 0, err
	}
	if c.owed {
		c.owed = false
		return 1, nil
	}
	// A leg begins with its header, and goes to another link if the socket takes nothing. That must be known before it is sealed.
	if len(a) > 0 && len(b) > 0 && !c.writable() {
		return 0, netio.ErrAgain
	}
	n, all := 0, len(a)+len(b)
	for i := 0; i < recordsPerCall && n < all && c.to+seal.MostRecord+seal.MostExtra <= outSize; i++ {
		x, y := c.piece(&a, &b)
		if err := c.seal(seal.Data, x, y); err != nil {
			return 0, err
		}
		n += len(x) + len(y)
	}
	err := c.flush()
	switch {
	case err == nil, errors.Is(err, netio.ErrAgain) && n < all:
		return n, nil
	case !errors.Is(err, netio.ErrAgain):
		return 0, err
	}
	c.owed = true
	if n > 1 {
		return n - 1, nil
	}
	return 0, netio.ErrAgain
}

// writable reports whether the socket takes something, as far as it can tell.
func (c *Conn) writable() bool {
	w, ok := c.socket.(Writable)
	return !ok || w.Writable()
}

// piece cuts off what goes into one record.
func (c *Conn) piece(a, b *[]byte) (x, y []byte) {
	x = (*a)[:min(len(*a), seal.MostContent)]
	*a = (*a)[len(x):]
	y = (*b)[:min(len(*b), seal.MostContent-len(x))]
	*b = (*b)[len(y):]
	return x, y
}

// seal puts a record behind what waits, for which there is room.
func (c *Conn) seal(t seal.Type, a, b []byte) error {
	if c.waits == nil {
		c.waits = outs.take()
	}
	if c.out.Worn() || c.rekey {
		c.rekey = false
		n, err := c.out.Rekey(c.waits[c.to:])
		if err != nil {
			return err
		}
		c.to, c.over = c.to+n, c.over+uint64(n)
	}
	n := c.out.Seal(c.waits[c.to:], t, a, b)
	c.to, c.over = c.to+n, c.over+uint64(n-len(a)-len(b))
	return nil
}

// sayEnd seals the word that our side ends, once.
func (c *Conn) sayEnd() {
	if c.ended {
		return
	}
	c.ended = true
	if c.waits == nil {
		c.waits = outs.take()
	}
	n := c.out.SealEnd(c.waits[c.to:])
	c.to, c.over = c.to+n, c.over+uint64(n)
}

// flush gives the socket what waits. (ErrAgain): it has not taken all. Once the end of our side is in the socket, so is its own.
func (c *Conn) flush() error {
	for c.from < c.to {
		n, err := c.socket.Send(c.waits[c.from:c.to], nil)
		if err != nil {
			return err
		}
		c.from += n
	}
	c.from, c.to = 0, 0
	c.putAway()
	if c.ended && !c.shut {
		c.shut = true
		c.socket.Finish()
	}
	return nil
}

// putAway gives the buffer back once nothing waits.
func (c *Conn) putAway() {
	if c.waits != nil && c.from == c.to {
		outs.giveBack(c.waits)
		c.waits = nil
	}
}

package sealed

import (
	"io"

	"viamillipede/engine/seal"
	"viamillipede/netio"
)

func (cut) Error() string { return "cut off: the peer did not say that it ends the link" }
func (cut) Unwrap() error { return io.ErrUnexpectedEOF }

// Recv fills a, then b, with what has come in. It returns what netio.Conn.Recv returns, and like there a call that brings less than it
// had room for has emptied the socket. (io.EOF): the peer has ended its side, and said so. (ErrCut): it has not said so. An error of
// package seal: what came in was not sealed by the peer. Bytes of a and b beyond what is reported may change. (0, nil): the peer was heard,
// but nothing can be opened yet. On a long round trip a part of a record is all that comes for seconds.
func (c *Conn) Recv(a, b []byte) (n int, err error) {
	defer c.shelve()
	if c.ended && !c.shut {
		_ = c.flush()
	}
	heard := false // something came in
	short := false // the socket is empty
	for len(a)+len(b) > 0 {
		into := a
		if len(a) == 0 {
			into = b
		}
		m, opened, err := c.open(into)
		if err != nil {
			c.lost = err
		}
		if len(a) > 0 {
			a = a[m:]
		} else {
			b = b[m:]
		}
		switch n += m; {
		case opened:
			continue
		case n > 0 && (short || c.lost != nil):
			return n, nil
		case c.lost != nil:
			return 0, c.lost
		}
		if short, err = c.fill(); err == nil {
			heard = true
			continue
		}
		if err == netio.ErrAgain {
			if n > 0 || heard {
				return n, nil
			}
			return 0, err
		}
		c.lost = err
	}
	return n, nil
}

// open moves what is there into p: opened bytes, or those of the next record. opened is false if there is no whole record.
func (c *Conn) open(p []byte) (n int, opened bool, err error) {
	if c.clear < c.upTo {
		n = copy(p, c.came[c.clear:c.upTo])
		c.clear += n
		return n, true, nil
	}
	if c.lost != nil {
		return 0, false, nil
	}
	sealed := c.sealed()
	length, err := seal.Length(sealed)
	if err != nil || length == 0 || length > len(sealed) {
		return 0, false, err
	}
	record := sealed[:length]
	direct := len(p) >= seal.Room(length)
	into := p
	if !direct {
		into = seal.InPlace(record)
	}
	at := c.next + len(record) - len(seal.InPlace(record))
	c.next += length
	t, content, err := c.in.Open(into, record)
	switch {
	case err != nil:
		return 0, false, err
	case t != seal.Data:
		return 0, true, c.obey(t, into[:content])
	case direct:
		return content, true, nil
	}
	c.clear, c.upTo = at, at+content
	n = copy(p, into[:content])
	c.clear += n
	return n, true, nil
}

// obey does what the peer says about the link itself.
func (c *Conn) obey(t seal.Type, content []byte) error {
	closed, wants, err := c.in.Obey(t, content)
	c.rekey = c.rekey || wants
	if closed {
		return io.EOF
	}
	return err
}

// sealed is what came in and is not opened.
func (c *Conn) sealed() []byte {
	if c.came == nil {
		return nil
	}
	return c.came[c.next:c.filled]
}

// fill makes one system call. short: it brought less than there was room for.
func (c *Conn) fill() (short bool, err error) {
	if c.came == nil {
		c.came = ins.take()
	}
	c.filled = copy(c.came, c.came[c.next:c.filled])
	c.next, c.clear, c.upTo = 0, 0, 0
	room := c.came[c.filled:]
	n, err := c.socket.Recv(room, nil)
	if err == io.EOF {
		err = ErrCut
	}
	c.filled += n
	return n < len(room), err
}

// shelve gives the buffer back once nothing is in it.
func (c *Conn) shelve() {
	if c.came != nil && c.clear == c.upTo && c.next == c.filled {
		ins.giveBack(c.came)
		c.came, c.next, c.filled, c.clear, c.upTo = nil, 0, 0, 0, 0
	}
}

// Kept reports whether Recv would bring something without asking the socket, so that no poller says so.
func (c *Conn) Kept() bool {
	length, err := seal.Length(c.sealed())
	return c.clear < c.upTo || c.lost != nil || err != nil || length > 0 && length <= c.filled-c.next
}

// Short is how many bytes the socket has to bring, at the least, until Recv can bring so many.
func (c *Conn) Short(bytes int) int { return max(1, bytes-(c.upTo-c.clear)-(c.filled-c.next)) }

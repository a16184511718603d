package inflow

import (
	"errors"
	"fmt"
	"io"
	"net"

	"viamillipede/bufpool"
	"viamillipede/engine/wire1"
)

// Link is one connection of a stream. Its goroutine is in Serve.
//
//	          a header               its turn, all bytes
//	idle -------------> bringing ------------------------> idle
//	  | the end
//	  +--------> finished, until the connection or the stream ends
type Link struct {
	s    *Stream
	c    net.Conn
	site string        // the host that it comes from
	turn chan struct{} // its leg's turn may have come
	free chan struct{} // a token for each buffer that it may have
	got  []piece       // of its leg, which has yet to have its turn

	// Guarded by Stream.mu.
	idle     bool   // between two packets: any leg may be next
	numbered bool   // it had a leg
	front    uint64 // number of its leg, or of the one that it had last
	brought  bool   // some of what it brought was taken
}

// piece is a part of a leg, as it came in.
type piece struct {
	buf   *bufpool.Buffer
	bytes int
}

// errSpent is why a link ends whose stream has ended, or whose sender has said all.
var errSpent = errors.New("the stream has ended")

// errTurnedOut is why it does not become a link of one whose links had to go before it brought anything.
var errTurnedOut = errors.New("the sender before it has not left yet")

// Serve takes packets until the connection ends, or the stream; the caller then closes it. The error is for the user, nil if there is
// nothing to tell; if it costs the stream, Host has been told.
func (k *Link) Serve() error {
	err := k.serve()
	k.drop()
	switch {
	case err == io.EOF, err == errSpent, errors.Is(err, net.ErrClosed), k.isOver():
		k.s.leave(k, nil)
		return nil
	}
	k.s.leave(k, err)
	return err
}

// Leave is in place of Serve, for a connection that could not be answered.
func (k *Link) Leave() { k.s.leave(k, nil) }

// serve takes packets; io.EOF: the connection has ended between two of them.
func (k *Link) serve() error {
	var header [wire1.HeaderLen]byte
	for {
		if _, err := io.ReadFull(k.c, header[:]); err == io.EOF {
			return err
		} else if err != nil {
			return fmt.Errorf("lost in the middle of a header: %w", err)
		}
		p, err := wire1.Parse(&header)
		if err != nil {
			return k.blamed(err)
		}
		if err := k.s.takes(k, p); err != nil {
			return err
		}
		if p.Opcode == wire1.End {
			return k.rest()
		}
		if err := k.bring(p); err != nil {
			return err
		}
	}
}

// blamed is Stream.blame.
func (k *Link) blamed(err error) error {
	k.s.mu.Lock()
	defer k.s.mu.Unlock()
	return k.s.blame(k, err)
}

// rest waits for the end of the connection, behind the end of the stream.
func (k *Link) rest() error {
	var b [1]byte
	if n, _ := k.c.Read(b[:]); n > 0 {
		return k.blamed(errAfter)
	}
	return errSpent
}

// bring takes the payload of a leg, as far ahead of its turn as there are buffers, and hands it on when that comes.
func (k *Link) bring(p wire1.Packet) error {
	opened := false
	for left := int(p.Size); left > 0; {
		if len(k.got) == k.s.ahead || opened || len(k.got) > 0 && k.s.mine(k) {
			if err := k.handOn(p, &opened); err != nil {
				return err
			}
		}
		n, err := k.read(left)
		if err != nil {
			return err
		}
		left -= n
	}
	if err := k.handOn(p, &opened); err != nil {
		return err
	}
	k.s.shut(k)
	return nil
}

// read takes one piece of so many bytes at most into a buffer.
func (k *Link) read(most int) (int, error) {
	select {
	case <-k.free:
	case <-k.s.cfg.Over:
		return 0, errSpent
	}
	b := k.s.cfg.Host.Buffer()
	if b == nil {
		k.free <- struct{}{}
		return 0, errors.New("no buffer for a leg")
	}
	n := min(most, len(b.Bytes()))
	k.got = append(k.got, piece{b, n}) // from here on drop gives it back
	if _, err := io.ReadFull(k.c, b.Bytes()[:n]); err != nil {
		return 0, fmt.Errorf("lost in the middle of a leg: %w", noEOF(err))
	}
	return n, nil
}

// noEOF makes an end in the middle one that is not taken for one between two packets.
func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// handOn waits for the turn of the leg, and hands on what is there of it.
func (k *Link) handOn(p wire1.Packet, opened *bool) error {
	if !*opened {
		if err := k.await(); err != nil {
			return err
		}
		var first []byte
		if len(k.got) > 0 {
			first = k.got[0].buf.Bytes()[:k.got[0].bytes]
		}
		if err := k.s.open(k, p, first); err != nil {
			return err
		}
		*opened = true
	}
	for _, g := range k.got {
		k.s.cfg.Host.Deliver(g.buf, g.bytes, k.freed)
	}
	k.got = k.got[:0]
	return nil
}

// freed gives a token back, for any goroutine.
func (k *Link) freed() { k.free <- struct{}{} }

// await waits for the turn of the leg.
func (k *Link) await() error {
	for !k.s.mine(k) {
		select {
		case <-k.turn:
		case <-k.s.out:
			return errSpent
		case <-k.s.cfg.Over:
			return errSpent
		}
	}
	return nil
}

// wake has await look again.
func (k *Link) wake() {
	select {
	case k.turn <- struct{}{}:
	default:
	}
}

// drop gives back what was not handed on.
func (k *Link) drop() {
	for _, g := range k.got {
		g.buf.Release()
		k.free <- struct{}{}
	}
	k.got = nil
}

// isOver reports whether the stream has ended.
func (k *Link) isOver() bool {
	select {
	case <-k.s.cfg.Over:
		return true
	default:
		return false
	}
}

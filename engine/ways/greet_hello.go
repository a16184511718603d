package ways

import (
	"errors"
	"fmt"
	"io"
	"net"

	"viamillipede/engine/wire"
)

// ByHello greets for a sender: it says hello, and is welcomed.
type ByHello struct{ Sender HelloSayer }

// HelloSayer is a sender that dials.
type HelloSayer interface {
	// Hello is what a link says first, without its index and generation.
	Hello() wire.Hello
	// Welcome handles the receiver's answer to it, unless that is a refusal. ErrOther: this is not the stream's receiver. Any other
	// error says what is wrong with the answer.
	Welcome(wire.Welcome) error
}

// Greet implements Greeter.
func (g ByHello) Greet(i Introduction, c net.Conn) (wire.Verdict, error) {
	h := g.Sender.Hello()
	h.Link, h.Generation = uint32(i.Link), i.Generation
	if _, err := c.Write(h.Append(nil)); err != nil {
		return wire.VerdictOK, err
	}
	w, v, err := hearWelcome(c, "receiver")
	if err != nil {
		return v, err
	}
	if h.Features&^w.Features&wire.FeatureChecksum != 0 { // it cannot, so there is no use in asking again
		return wire.VerdictVersion, errors.New("refused, since the receiver cannot check what is sent: it grants no checksum")
	}
	i.Precede()
	if err := g.Sender.Welcome(w); err != nil {
		if errors.Is(err, ErrOther) {
			_, _ = c.Write(wire.Bye{Reason: wire.ByeTaken}.Append(nil)) // so it is free for another sender
		}
		return wire.VerdictMalformed, err
	}
	return wire.VerdictOK, nil
}

// Forgo implements Greeter: the receiver notices by itself.
func (ByHello) Forgo() {}

// hearWelcome reads a welcome that is no refusal.
func hearWelcome(c io.Reader, peer string) (w wire.Welcome, v wire.Verdict, err error) {
	v, err = hearGreeting(c, peer, func(b []byte) (version uint16, err error) {
		w, err = wire.ParseWelcome(b)
		return w.Version, err
	})
	if err == nil {
		v, err = w.Verdict, refusal(w, peer)
	}
	return w, v, err
}

// refusal is the error of a refusal; nil: it is none.
func refusal(w wire.Welcome, peer string) error {
	if w.Verdict == wire.VerdictOK {
		return nil
	}
	return fmt.Errorf("refused by the %s: %v", peer, w.Verdict)
}

package ways

import (
	"errors"
	"fmt"
	"io"
	"net"

	"viamillipede/engine/sidechain"
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
	if v == wire.VerdictMalformed && h.Chain != 0 {
		return wire.VerdictChain, errNoChain // to a receiver from before there were chains, this hello is none
	}
	if err != nil {
		return v, explainChain(h.Chain, w, err)
	}
	if h.Features&^w.Features&wire.FeatureSidechain != 0 {
		return wire.VerdictChain, errNoChain
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

// errNoChain is why a receiver that is too old is of no use.
var errNoChain = errors.New("refused, since the receiver cannot undo a sidechain: it is older than that")

// explainChain says more of a refusal that is about the sender's chain, given by its code.
func explainChain(chain uint32, w wire.Welcome, err error) error {
	there := sidechain.Describe(w.Chain)
	switch {
	case w.Verdict != wire.VerdictChain:
		return err
	case chain == 0:
		there = "one of its own" // nobody without one is told more
	}
	return fmt.Errorf("%w: %s here, %s there", err, sidechain.Describe(chain), there)
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

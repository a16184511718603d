package ways

import (
	"errors"
	"fmt"
	"net"
	"time"

	"viamillipede/engine/schedule"
	"viamillipede/engine/wire"
)

// ByCall greets for a receiver: it calls, the sender says hello, and is welcomed.
type ByCall struct{ Receiver Caller }

// Caller is a receiver that dials.
type Caller interface {
	// Call is what a link says first, without what is about the link and its path.
	Call() wire.Call
	// Admit decides on the sender's answer. The Welcome tells the sender; an error is why the answer is refused. ErrOther: this is not the
	// stream's sender, but may become it.
	Admit(h wire.Hello, from net.Addr) (wire.Welcome, error)
	// Forgo notes that a connection whose hello was admitted does not become a link.
	Forgo()
}

// Greet implements Greeter.
func (g ByCall) Greet(i Introduction, c net.Conn) (wire.Verdict, error) {
	call := callOf(g.Receiver.Call(), i)
	if _, err := c.Write(call.Append(nil)); err != nil {
		return wire.VerdictOK, err
	}
	h, v, err := hearHello(c)
	if err != nil {
		return v, err
	}
	if h.Link != uint32(call.Link) || h.Generation != call.Generation || h.Links != uint32(call.Links) {
		return wire.VerdictMalformed, fmt.Errorf("the sender answers for link %d of %d, which is not the one that called", h.Link, h.Links)
	}
	i.Precede()
	w, err := g.Receiver.Admit(h, i.To)
	if _, werr := c.Write(w.Append(nil)); err == nil && werr != nil {
		g.Receiver.Forgo()
		return wire.VerdictOK, werr
	}
	switch {
	case err == nil:
		return wire.VerdictOK, nil
	case errors.Is(err, ErrOther):
		return wire.VerdictMalformed, err
	case w.Verdict == wire.VerdictBusy:
		return wire.VerdictUnknown, err // it is us who cannot take another stream
	}
	return w.Verdict, err
}

// Forgo implements Greeter.
func (g ByCall) Forgo() { g.Receiver.Forgo() }

// callOf completes a call.
func callOf(c wire.Call, i Introduction) wire.Call {
	c.Path, c.Paths, c.Link, c.Links = uint8(i.Path.Order), uint8(i.Paths), uint8(i.Link), uint8(i.Links)
	t := i.Path.terms()
	c.Generation, c.Rate, c.Spill = i.Generation, t.rate, spillOf(t.spill)
	return c
}

// spillOf is a path's spill as a call says it.
func spillOf(d time.Duration) uint32 {
	switch {
	case d == 0:
		d = schedule.DefaultSpill
	case d < 0:
		return wire.SpillNever
	case d <= schedule.SpillAtOnce:
		return 0
	}
	return uint32(min(d, schedule.SpillMost) / time.Millisecond)
}

// Spill is what a call says of its path, as the user would set it.
func Spill(c wire.Call) time.Duration {
	if c.Spill == wire.SpillNever {
		return schedule.SpillNever
	}
	return min(max(time.Duration(c.Spill)*time.Millisecond, schedule.SpillAtOnce), schedule.SpillMost)
}

// hearHello reads a sender's hello. What answers with a welcome instead refuses, or is a receiver.
func hearHello(c net.Conn) (h wire.Hello, v wire.Verdict, err error) {
	var w wire.Welcome
	refuses := false
	v, err = hearGreeting(c, "sender", func(b []byte) (version uint16, err error) {
		if refuses = wire.LikeWelcome(b); refuses {
			w, err = wire.ParseWelcome(b)
			return w.Version, err
		}
		h, err = wire.ParseHello(b)
		return h.Version, err
	})
	if err != nil || !refuses {
		return h, v, err
	}
	if w.Verdict == wire.VerdictOK {
		w.Verdict = wire.VerdictRole
	}
	return h, w.Verdict, refusal(w, "sender")
}

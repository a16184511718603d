package doors

import (
	"context"
	"errors"
	"net"
	"time"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/wire"
)

// Entrance is where an end that listens is found by its peer: doors of its own, or those of a house, which serve many peers.
type Entrance interface {
	// Join, Quit and Accept are those of Doors.
	Join(h Host)
	Quit(h Host)
	Accept(ctx context.Context, h Host)
	// Close is for a host that has not called Accept, and never will.
	Close()

	Addr() net.Addr
	ReceiverID() uint64
	Steer(cpus int, owner func(cpu int) int)
	Shut() error
	Refused() uint64
	Report(now time.Time)
	SenderFailed(from, reason string)
}

// House knows whom a guest is for. Its methods are called from many goroutines.
type House interface {
	// Room returns the tenants, one of whom is to decide on a guest, who came from there and said hello, or called; both are nil if it
	// speaks version 1. It may wait, at most until ctx ends. leave is called when the guest has become a link, or has been refused.
	// An error is a refusal, for the user, or ErrWaits; the verdict tells the peer.
	Room(ctx context.Context, from net.Addr, h *wire.Hello, c *wire.Call) (in *Tenants, leave func(), v wire.Verdict, err error)
	// Expects, LinksUp and Fail are those of Host, of all.
	Expects(from net.Addr) bool
	LinksUp() int
	Fail(err *stream.Error)
}

// Why a guest of a house is not heard, of which its user need not hear: it comes again, or too late.
var (
	ErrWaits = errors.New("all places are taken")
	ErrOver  = errors.New("the stream is over")
)

// quiet reports whether nobody has to hear of a guest that was refused.
func (d *Doors) quiet(from net.Addr, why error) bool {
	switch {
	case errors.Is(why, net.ErrClosed), errors.Is(why, context.Canceled):
		return true
	case d.cfg.House != nil && (why == ErrWaits || why == ErrOver):
		return true
	}
	return (wordless(why) || why == ErrOver) && d.house.Expects(from) // a link of our peer's that comes too late
}

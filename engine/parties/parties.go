// Package parties is how an end of a stream asks whoever is at the other end of the user's pipe, where more is known of them than that they
// close it: a program that was started for the stream, for example. An end knows one of the two interfaces, or nobody.
package parties

import (
	"context"
	"errors"
	"time"
)

// Producer is who writes what a sender reads, where more is known of it than that it closes its end.
type Producer interface {
	// Whole waits until it is known whether what was read is all that was to come, and returns nil if it is. It is called once, when
	// the source has been read to its end, on a goroutine of its own, and not where leglimit ends the stream. The receiver is
	// told of the end only when it has returned nil: an error fails the stream at both ends, with its own words and status if it is a
	// *stream.Error. Links stay up meanwhile, and no time runs out but giveup without a link. ctx ends with the stream; then Whole has to
	// return soon, and what it returns does not matter.
	Whole(ctx context.Context) error
}

// Consumer is who reads what a receiver writes, where more is known of it than that it closes its end. Each method is called on a
// goroutine of its own; ctx ends with the stream, and then a method has to return soon. When the stream fails, the sink's
// descriptor stays open until Run has returned, and longer if its owner wants: it is for the owner to end the consumer before it
// closes that.
type Consumer interface {
	// Begun is called once, when the stream has become the receiver's own: some of it is here, or it is known to be empty.
	// Nobody waits for it, and what comes is written to the sink meanwhile. An error fails the stream.
	Begun(ctx context.Context, o Origin) error
	// Left says why nobody reads the sink any more, or returns ctx's error if that is not known in time: ctx has a deadline. nil: for no
	// bad reason; then the stream fails all the same if the consumer has left some of it unread, unless the user allows
	// that. It may be called before, or while, Begun is.
	Left(ctx context.Context) error
	// Accepts waits until the consumer has accepted the stream. It is called once, after all of the stream has been written and
	// read, or what the consumer wanted of it, and the sink, with the user's descriptor, has been closed. The sender
	// is told of success only when it has returned nil: an error fails the stream at both ends. Links stay up meanwhile, and no time
	// runs out but giveup without a link.
	Accepts(ctx context.Context) error
}

// Exited is what Whole of a Producer returns where a program has written all of its stream, and ended with another status than 0. If the
// receiver has granted that, it is told the status, and the stream succeeds; else it fails with Err.
type Exited struct {
	Status uint8 // 1 or more
	Err    error
}

func (e *Exited) Error() string { return e.Err.Error() }
func (e *Exited) Unwrap() error { return e.Err }

// Exiting is a Producer whose Whole may return an Exited.
type Exiting interface{ Exits() }

// Screen is a terminal that a sender reads.
type Screen interface {
	// Size is how large it is now. It must not wait, as Met must not.
	Size() (columns, rows uint16)
	// Met says that the consumer at the receiver has a terminal too: what is typed here is for that one. It is called once, by any goroutine.
	Met()
}

// Screened is a Consumer with a terminal.
type Screened interface {
	// Resize says how large the terminal is that the stream comes from. It must not wait. Any loop calls it, one at a time.
	Resize(columns, rows uint16)
}

// Opener is a Producer, or a Consumer, whose descriptor cannot be used from the start.
type Opener interface {
	// Open makes the descriptor usable. Until it has returned nil, nothing is read from the descriptor or written to it. A sender calls it
	// when a link could carry the first leg, and a receiver when the stream has become its own, after Begun; each of them once, on a
	// goroutine of its own. Open may put another open file in the place of the descriptor's (dup3(2)), of the same kind: until then
	// there must be nothing to tell of that one (epoll(7)). An error fails the stream. ctx ends with the stream; then Open has to
	// return soon.
	Open(ctx context.Context) error
}

// Origin is what is known of a stream that has come in.
type Origin struct {
	Peers  []string // addresses that its links came from, sorted; none where this end dials
	Stream string   // its id, in hexadecimal
	Size   uint64   // bytes, 0: not known
	Title  string   // given by the sender's user, or ""
}

// Consult calls f with a context that ends with the stream, whose end is over, or after within, unless that is 0. It returns what f
// returns, except the error of a context that has ended.
func Consult(over <-chan struct{}, within time.Duration, f func(context.Context) error) error {
	ctx, end := context.WithCancel(context.Background())
	defer end()
	if within > 0 {
		ctx, end = context.WithTimeout(ctx, within)
		defer end()
	}
	go func() {
		select {
		case <-over:
			end()
		case <-ctx.Done():
		}
	}()
	err := f(ctx)
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return nil
	}
	return err
}

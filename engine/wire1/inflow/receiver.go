package inflow

import (
	"context"
	"errors"
	"net"
	"time"

	"viamillipede/bufpool"
	"viamillipede/engine/internal/stream"
	"viamillipede/engine/observe"
	"viamillipede/engine/wire"
	"viamillipede/engine/wire1"
)

// Piece is how much of a leg goes into one buffer at most, in bytes: towards the sink, such pieces are the legs.
const Piece = 512 << 10

// errTestStream is why a receiver that checks a test stream takes none of version 1.
var errTestStream = errors.New("a sender of version 1, which has another test stream (prbs)")

// Receiver is a receiver as a stream of version 1 needs it. To its tenure, every connection of version 1 is a link of one stream.
type Receiver struct {
	ID       wire.StreamID // of that stream: one that no hello can guess
	Life     *stream.Life
	Observer observe.Observer
	Phrase   [4]byte
	Patience time.Duration // Config.Patience
	Checksum bool          // the user wants checksums
	Tests    bool          // the receiver checks a test stream

	Admit   func(ctx context.Context, h wire.Hello, local, remote net.Addr) (wire.Welcome, error)
	Gone    func() // an admitted connection is gone; under Life.Mu
	Own     func() // the stream becomes the receiver's own
	Credit  func() int
	Buffer  func() *bufpool.Buffer
	Publish func(l wire.Leg, b *bufpool.Buffer, freed func()) bool
	Ends    func(e wire.End)

	stream *Stream       // nil: there is none; guarded by Life.Mu
	forgot chan struct{} // closed when the stream is forgotten; likewise

	pieces, bytes uint64 // handed on, in the order of the stream; for whoever hands on
}

// AdmitFirst is that of doors.Receiving.
func (r *Receiver) AdmitFirst(ctx context.Context, c net.Conn) (serve func() error, forgo func(), err error) {
	if r.Tests {
		return nil, nil, errTestStream
	}
	ctx, cancel := context.WithTimeout(ctx, r.Patience)
	defer cancel()
	hello := wire.Hello{Stream: r.ID, Links: wire1.MaxLinks, MaxLeg: Piece, Phrase: r.Phrase}
	for {
		if _, err := r.Admit(ctx, hello, c.LocalAddr(), c.RemoteAddr()); err != nil {
			return nil, nil, err
		}
		k, forgot, err := r.enter(c)
		switch {
		case err == nil:
			return func() error { defer r.leave(); return k.Serve() }, func() { k.Leave(); r.leave() }, nil
		case !errors.Is(err, errTurnedOut):
			return nil, nil, err
		}
		select { // a sender of the original would not come again
		case <-forgot:
		case <-ctx.Done():
			return nil, nil, err
		}
	}
}

// enter makes an admitted connection a link. forgot is closed when the stream that it was to be a link of is forgotten.
func (r *Receiver) enter(c net.Conn) (k *Link, forgot <-chan struct{}, err error) {
	r.Life.Mu.Lock()
	if r.stream == nil {
		r.stream = New(Config{Host: host{r}, Buffers: r.Credit(), Patience: r.Patience, Over: r.Life.Over})
		r.forgot = make(chan struct{})
	}
	s, forgot := r.stream, r.forgot
	r.Life.Mu.Unlock()
	k, err = s.Enter(c) // its lock comes before Life.Mu
	r.Life.Mu.Lock()
	defer r.Life.Mu.Unlock()
	if err != nil {
		r.Gone()
		return nil, forgot, err
	}
	r.Life.CameUp(time.Now())
	return k, forgot, nil
}

// leave is the counterpart.
func (r *Receiver) leave() {
	r.Life.Mu.Lock()
	r.Life.Up--
	r.Gone()
	r.Life.Mu.Unlock()
	r.Life.Rouse()
}

// TurnOut ends the links, if nothing of the stream has come.
func (r *Receiver) TurnOut() {
	r.Life.Mu.Lock()
	s := r.stream
	r.Life.Mu.Unlock()
	if s != nil {
		s.TurnOut()
	}
}

// Forget is for a receiver that has been vacated. Under Life.Mu.
func (r *Receiver) Forget() {
	if r.stream != nil {
		r.stream = nil
		close(r.forgot)
	}
}

// host is a Receiver as its stream sees it.
type host struct{ *Receiver }

// Buffer implements Host.
func (h host) Buffer() *bufpool.Buffer { return h.Receiver.Buffer() }

// Own implements Host.
func (h host) Own() bool {
	h.Life.Told.Store(true) // version 1 has no word for a failure
	h.Receiver.Own()
	observe.Tell(h.Observer, observe.FirstWire{})
	return true
}

// Deliver implements Host.
func (h host) Deliver(b *bufpool.Buffer, bytes int, freed func()) {
	r := h.Receiver
	l := wire.Leg{Number: r.pieces, Offset: r.bytes, Length: uint32(bytes)}
	r.pieces, r.bytes = r.pieces+1, r.bytes+uint64(bytes)
	if !r.Publish(l, b, freed) {
		b.Release()
		r.Life.Fail(stream.Fail(stream.StatusInternal, nil, "a leg of version 1 found no room"))
	}
}

// End implements Host.
func (h host) End() { h.Ends(wire.End{Legs: h.pieces, Bytes: h.bytes}) }

// Checked implements Host.
func (h host) Checked(computed bool) {
	if h.Checksum && !computed {
		observe.Tell(h.Observer, observe.ChecksumMissing{})
	}
}

// Fail implements Host.
func (h host) Fail(err *stream.Error) { h.Life.Fail(err) }

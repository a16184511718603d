package window

import (
	"io"
	"sync"
	"sync/atomic"
	"time"

	"viamillipede/bufpool"
	"viamillipede/engine/wire"
	"viamillipede/netio"
)

// Leg is one numbered piece of the stream at the sending end.
//
// Its maker fills in everything exported, and the bytes, before the first link begins to send it; the window gives it its
// number. After that they never change until the last Drop, so several links may send it at the same time. The window holds
// the leg until the peer has received it; so does each link while it is sending it.
type Leg struct {
	Number   uint64
	Offset   uint64 // of its first byte in the stream
	Length   int    // bytes that links carry, and the window keeps: 1 or more; of a bare leg, 0
	Bare     uint32 // bytes that a bare leg stands for (wire.Leg.Bare); 0: it is none
	Raw      uint32 // bytes of the stream that a coded leg stands for (wire.Coded); 0: it is none
	Steps    uint8  // of a coded leg: which steps of the chain were applied
	Form     wire.Form
	Checksum uint32 // CRC32C of its bytes, where the stream has checksums
	holds    atomic.Int32

	body

	carriers int          // links that took it and are not lost; guarded by Window.mu, as are those below
	by, path int          // the link that last began to send it, and its path; noLink before any has
	late     int          // the link that was late with it when by came to help; noLink: none
	latePath int          // its path
	waiting  bool         // in Window.again
	offered  bool         // in Window.offers
	expects  time.Time    // when it should arrive, if it is offered
	same     SameWay      // likewise: for links of the same path
	times    atomic.Int32 // how often a link took it; written under Window.mu
}

// InFile makes a leg of so many bytes that stay in the source.
func InFile(length int) *Leg { return &Leg{Length: length} }

// NewBare makes a bare leg of a form, which stands for so many bytes: its header is all that links send.
func NewBare(form wire.Form, bytes uint32) *Leg { return &Leg{Form: form, Bare: bytes} }

// Span is how many bytes of the stream the leg is.
func (l *Leg) Span() uint32 {
	if l.Raw > 0 {
		return l.Raw
	}
	return uint32(l.Length) + l.Bare
}

// Wire is the leg as its header says it, but for checksum and history.
func (l *Leg) Wire() wire.Leg {
	w := wire.Leg{Number: l.Number, Offset: l.Offset, Length: l.Span(), Form: l.Form, Checksum: l.Checksum}
	if l.Raw > 0 {
		w.Payload, w.Steps = uint32(l.Length), l.Steps
	}
	return w
}

// Code makes it a coded leg: what the given steps made of its bytes, of which sum is the checksum, takes their place. Its maker calls
// it, before the window has the leg. False: the buffer is too small for that, or there is none.
func (l *Leg) Code(coded []byte, sum uint32, steps uint8) bool {
	if l.buf == nil || len(coded)+wire.CodedSum > len(l.buf.Bytes()) {
		return false
	}
	l.Raw = uint32(l.Length)
	l.data = l.buf.Bytes()[:wire.CodedSum+len(coded)]
	l.coded(coded, sum, steps)
	return true
}

// CodedPart makes a coded leg, in memory of its own, that stands for so many bytes of the stream.
func CodedPart(coded []byte, raw int, sum uint32, steps uint8) *Leg {
	l := &Leg{Raw: uint32(raw)}
	l.data = make([]byte, wire.CodedSum+len(coded))
	l.coded(coded, sum, steps)
	return l
}

func (l *Leg) coded(coded []byte, sum uint32, steps uint8) {
	wire.PutSum(l.data, sum)
	l.Length = wire.CodedSum + copy(l.data[wire.CodedSum:], coded)
	l.Form, l.Steps = wire.Coded, steps
}

// Discard releases the bytes of a leg that no window has had.
func (l *Leg) Discard() { l.release() }

// InBuffer makes a leg of the first bytes of the buffer, which belongs to the leg from now on.
func InBuffer(buf *bufpool.Buffer, length int) *Leg {
	l := &Leg{Length: length}
	l.buf, l.data = buf, buf.Bytes()[:length]
	return l
}

// InPipe makes a leg of what the pipe holds. The pipe belongs to the leg from now on, which returns it to from.
func InPipe(pipe *netio.Pipe, from *netio.Pipes) *Leg {
	l := &Leg{Length: pipe.Len()}
	l.pipe, l.pipes = pipe, from
	return l
}

// Hold adds a hold; the caller has one already.
func (l *Leg) Hold() { l.holds.Add(1) }

// First reports whether only one link ever took the leg. Any thread may call it.
func (l *Leg) First() bool { return l.times.Load() == 1 }

// Drop gives one hold back; the last one releases the bytes. The caller must not use the leg afterwards.
func (l *Leg) Drop() {
	if l.holds.Add(-1) == 0 {
		l.release()
	}
}

// body is where a leg's bytes are: in memory; in a pipe, by reference to the pages that the producer's write made; or
// nowhere but in the source, a file.
type body struct {
	mu    sync.Mutex      // guards the change from a pipe to memory, and references taken from the pipe
	data  []byte          // nil: not in memory
	buf   *bufpool.Buffer // what data is in; nil: Go's heap
	pipe  *netio.Pipe     // nil: not in a pipe
	pipes *netio.Pipes    // where pipe came from; stays when the bytes are moved to memory
}

// Filed reports whether the bytes are in the source alone. It never changes.
func (l *Leg) Filed() bool { return l.pipes == nil && l.data == nil && l.Bare == 0 }

// Buffered reports whether the bytes are in a buffer of the arena. It never changes.
func (b *body) Buffered() bool { return b.buf != nil }

// Memory returns the leg's bytes, nil when they are not in memory. A holder may read them until it drops the leg.
func (b *body) Memory() []byte {
	if b.pipes == nil {
		return b.data
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.data
}

// Tee returns a pipe that has the leg's bytes by reference; the caller gives it back with PutBack. (nil, nil): the leg is in
// memory now, because no pipe was left, or the kernel gave no reference. Errors: the pipe cannot be read. It is for holders of
// a leg that is, or was, in a pipe.
func (b *body) Tee() (*netio.Pipe, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.data != nil {
		return nil, nil
	}
	copied := b.pipes.Get()
	if copied == nil {
		return nil, b.fetch()
	}
	if err := b.pipe.Tee(copied); err != nil {
		b.pipes.Put(copied)
		return nil, b.fetch()
	}
	return copied, nil
}

// PutBack takes back a pipe from Tee, whatever is in it. The caller is still a holder.
func (b *body) PutBack(copied *netio.Pipe) { b.pipes.Put(copied) }

// ToMemory takes the bytes out of the pipe into memory, for good. Errors: the pipe cannot be read. It is for legs in a pipe.
func (b *body) ToMemory() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.fetch()
}

// fetch does the work of ToMemory, under mu. It happens only when pipes run out or are taken away from us, so the load on
// the garbage collector does not matter.
func (b *body) fetch() error {
	if b.data != nil {
		return nil
	}
	data := make([]byte, b.pipe.Len())
	if _, err := io.ReadFull(b.pipe, data); err != nil {
		return err
	}
	b.data = data
	b.pipes.Put(b.pipe)
	b.pipe = nil
	return nil
}

// release gives the bytes' buffer or pipe back; nobody uses them any more.
func (b *body) release() {
	if b.buf != nil {
		b.buf.Release()
	}
	if b.pipe != nil {
		b.pipes.Put(b.pipe)
	}
}

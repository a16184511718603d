package window

import (
	"io"
	"sync"
	"sync/atomic"
	"time"

	"viamillipede/bufpool"
	"viamillipede/netio"
)

// Leg is one numbered piece of the stream at the sending end.
//
// Who makes it fills in all that is exported, and its bytes, before its first link begins to send it; the window gives it its
// number. Then they never change until the last Drop, so links may send it at the same time. What has the bytes is held by the
// window until the peer has received the leg, and by each link that is in the middle of sending it.
type Leg struct {
	Number   uint64
	Offset   uint64 // of its first byte in the stream
	Length   int    // bytes, 1 or more
	Checksum uint32 // CRC32C of its bytes, where the stream has checksums
	holds    atomic.Int32

	body

	carriers int          // links that took it and are not lost; guarded by Window.mu, as are those below
	by, path int          // the link that began to send it last, and its path; noLink before it has begun
	late     int          // the link that was late with it when by came to help; noLink where none did
	latePath int          // its path
	waiting  bool         // in Window.again
	offered  bool         // in Window.offers
	expects  time.Time    // of one that is offered: when it should arrive
	same     SameWay      // likewise: for links of the same path
	times    atomic.Int32 // how often a link took it; written under Window.mu
}

// InFile is a leg of so many bytes that stay in the source.
func InFile(length int) *Leg { return &Leg{Length: length} }

// InBuffer is a leg whose bytes are the first of the buffer, which is the leg's from now on.
func InBuffer(buf *bufpool.Buffer, length int) *Leg {
	l := &Leg{Length: length}
	l.buf, l.data = buf, buf.Bytes()[:length]
	return l
}

// InPipe is a leg whose bytes are what the pipe holds. The pipe is the leg's from now on, which puts it back among those it is from.
func InPipe(pipe *netio.Pipe, from *netio.Pipes) *Leg {
	l := &Leg{Length: pipe.Len()}
	l.pipe, l.pipes = pipe, from
	return l
}

// Hold makes the caller, who is a holder, one once more.
func (l *Leg) Hold() { l.holds.Add(1) }

// First reports whether only one link ever took the leg. Any thread may call it.
func (l *Leg) First() bool { return l.times.Load() == 1 }

// Drop gives one hold back; the last one lets go of the bytes, and with them of the leg. The caller looks at it no more.
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
	buf   *bufpool.Buffer // that data is in; nil: in Go's heap
	pipe  *netio.Pipe     // nil: not in a pipe
	pipes *netio.Pipes    // that pipe is from
}

// Filed reports whether the bytes are in the source alone. It never changes.
func (b *body) Filed() bool { return b.pipes == nil && b.data == nil }

// Buffered reports whether the bytes are in a buffer of the arena. It never changes.
func (b *body) Buffered() bool { return b.buf != nil }

// Memory is the leg's bytes, nil when they are not in memory. They are for a holder to read, until it drops the leg.
func (b *body) Memory() []byte {
	if b.pipes == nil {
		return b.data
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.data
}

// Tee gives a pipe that has the leg's bytes by reference; the caller gives it back with PutBack. (nil, nil): the leg is in memory
// now, since there is no pipe left, or no reference. Errors: the pipe cannot be read. It is for legs in a pipe, and for a holder.
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

// PutBack takes a pipe back that Tee gave, whatever is in it. The caller is still a holder.
func (b *body) PutBack(copied *netio.Pipe) { b.pipes.Put(copied) }

// ToMemory takes the bytes out of the pipe into memory, for good. Errors: the pipe cannot be read. It is for legs in a pipe.
func (b *body) ToMemory() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.fetch()
}

// fetch does the work of ToMemory, under mu. It is for when pipes run out or are taken away from us, so it does not matter
// that the garbage collector has to do with it.
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

// release lets go of the bytes; nobody looks at them any more.
func (b *body) release() {
	if b.buf != nil {
		b.buf.Release()
	}
	if b.pipe != nil {
		b.pipes.Put(b.pipe)
	}
}

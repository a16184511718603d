package engine

import (
	"io"
	"sync"
	"sync/atomic"
	"time"

	"viamillipede/bufpool"
	"viamillipede/netio"
)

// leg is one numbered piece of the stream at the sending end.
//
// Who makes it fills in all that is exported, and its bytes, before its first link begins to send it; the window gives it its
// number. Then they never change until the last drop, so links may send it at the same time. What has the bytes is held by the
// window until the peer has received the leg, and by each link that is in the middle of sending it.
type leg struct {
	number   uint64
	offset   uint64 // of its first byte in the stream
	length   int    // bytes, 1 or more
	checksum uint32 // CRC32C of its bytes, where the stream has checksums
	holds    atomic.Int32

	body

	carriers int          // links that took it and are not lost; guarded by window.mu, as are those below
	by, path int          // the link that began to send it last, and its path; noLink before it has begun
	late     int          // the link that was late with it when by came to help; noLink where none did
	latePath int          // its path
	waiting  bool         // in window.again
	offered  bool         // in window.offers
	expects  time.Time    // of one that is offered: when it should arrive
	same     sameWay      // likewise: for links of the same path
	times    atomic.Int32 // how often a link took it; written under window.mu
}

// inFile is a leg of so many bytes that stay in the source.
func inFile(length int) *leg { return &leg{length: length} }

// inBuffer is a leg whose bytes are the first of the buffer, which is the leg's from now on.
func inBuffer(buf *bufpool.Buffer, length int) *leg {
	l := &leg{length: length}
	l.buf, l.data = buf, buf.Bytes()[:length]
	return l
}

// inPipe is a leg whose bytes are what the pipe holds. The pipe is the leg's from now on, which puts it back among those it is from.
func inPipe(pipe *netio.Pipe, from *netio.Pipes) *leg {
	l := &leg{length: pipe.Len()}
	l.pipe, l.pipes = pipe, from
	return l
}

// hold makes the caller, who is a holder, one once more.
func (l *leg) hold() { l.holds.Add(1) }

// first reports whether only one link ever took the leg. Any thread may call it.
func (l *leg) first() bool { return l.times.Load() == 1 }

// drop gives one hold back; the last one lets go of the bytes, and with them of the leg. The caller looks at it no more.
func (l *leg) drop() {
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

// isInFile reports whether the bytes are in the source alone. It never changes.
func (b *body) isInFile() bool { return b.pipes == nil && b.data == nil }

// inArena reports whether the bytes are in a buffer of the arena. It never changes.
func (b *body) inArena() bool { return b.buf != nil }

// memory is the leg's bytes, nil when they are not in memory. They are for a holder to read, until it drops the leg.
func (b *body) memory() []byte {
	if b.pipes == nil {
		return b.data
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.data
}

// tee gives a pipe that has the leg's bytes by reference; the caller gives it back with putBack. (nil, nil): the leg is in memory
// now, since there is no pipe left, or no reference. Errors: the pipe cannot be read. It is for legs in a pipe, and for a holder.
func (b *body) tee() (*netio.Pipe, error) {
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

// putBack takes a pipe back that tee gave, whatever is in it. The caller is still a holder.
func (b *body) putBack(copied *netio.Pipe) { b.pipes.Put(copied) }

// toMemory takes the bytes out of the pipe into memory, for good. Errors: the pipe cannot be read. It is for legs in a pipe.
func (b *body) toMemory() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.fetch()
}

// fetch does the work of toMemory, under mu. It is for when pipes run out or are taken away from us, so it does not matter
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

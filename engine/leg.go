package engine

import (
	"sync"
	"sync/atomic"
	"time"

	"viamillipede/bufpool"
	"viamillipede/netio"
)

// leg is one numbered piece of the stream at the sending end.
//
// Its bytes and its header never change between the end of ingest.pull and the last drop, so links may send it at the same
// time. What
// holds the bytes is kept by the window until the peer has received the leg, and by each link that is in the middle of
// sending it.
type leg struct {
	number   uint64
	offset   uint64
	length   int
	checksum uint32
	holds    atomic.Int32

	body

	carriers int          // links that took it and are not lost; guarded by window.mu, as are those below
	by, path int          // the link that began to send it last, and its path; nobody before it has begun
	late     int          // the link that was late with it when by came to help; nobody where none did
	latePath int          // its path
	waiting  bool         // in window.again
	offered  bool         // in window.offers
	expects  time.Time    // of one that is offered: when it should arrive
	same     sameWay      // likewise: for links of the same path
	times    atomic.Int32 // how often a link took it; written under window.mu
}

// drop gives one hold back; the last one lets go of the bytes, and with them of the leg.
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

// inFile reports whether the bytes are in the source alone. It never changes.
func (b *body) inFile() bool { return b.pipes == nil && b.data == nil }

// memory is the leg's bytes, nil when they are not in memory.
func (b *body) memory() []byte {
	if b.pipes == nil {
		return b.data
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.data
}

// refer gives a pipe that has the leg's bytes by reference; the caller puts it back. nil: the leg is in memory now, since
// there is no pipe to be had, or no reference.
func (b *body) refer() (*netio.Pipe, error) {
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

// settle takes the bytes out of the pipe into memory, for good.
func (b *body) settle() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.fetch()
}

// fetch does the work of settle, under mu. It is for when pipes run out or are taken away from us, so it does not matter
// that the garbage collector has to do with it.
func (b *body) fetch() error {
	if b.data != nil {
		return nil
	}
	data := make([]byte, b.pipe.Len())
	if err := readFull(b.pipe, data); err != nil {
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

// readFull copies what a pipe holds into p, of the same length.
func readFull(pipe *netio.Pipe, p []byte) error {
	for len(p) > 0 {
		n, err := pipe.Read(p)
		if err != nil {
			return err
		}
		p = p[n:]
	}
	return nil
}

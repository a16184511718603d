package resume

import (
	"crypto/aes"
	"crypto/cipher"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"viamillipede/engine/observe"
	"viamillipede/engine/schedule"
	"viamillipede/engine/wire"
)

// File is what is hashed: *netio.Source, or *netio.Stock.
type File interface {
	// ReadAt reads up to len(p) bytes from offset; any goroutine may call it.
	ReadAt(p []byte, offset int64) (int, error)
	// NextData is where the first data at or after an offset begins; all before it are zeros.
	NextData(offset int64) int64
}

// workersMost bounds the goroutines that hash one file, each with a piece in memory: more would only wait for the medium.
const workersMost = 8

// newsEvery is how many pieces more must be hashed in a row before anybody is told: what a frame holds.
const newsEvery = wire.MaxDigests

// hasher makes the digests of a file, from its first piece on. A piece that is nothing but a hole is not read.
//
//	pieces:  done, in a row | done or under way, by several workers | waiting
//	                        front                                   next
type hasher struct {
	from   File
	begin  int64 // of the first piece in the file
	pieces int
	aead   cipher.AEAD
	hole   wire.Digest
	news   func()

	observer observe.Observer

	next atomic.Int64
	stop atomic.Bool // the file is read no more

	mu    sync.Mutex
	made  []wire.Digest // by piece; guarded by mu, as is what follows
	is    []bool
	front int
	told  int
	said  time.Time // when progress was last told
}

// start begins to hash so many pieces, in goroutines that work counts. news is called, by any of them, when there are more digests in a
// row.
func start(from File, begin int64, pieces int, key [wire.KeyLen]byte, work *sync.WaitGroup, news func(), o observe.Observer) *hasher {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err) // the key has the size of one
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err) // the block has the size of one
	}
	h := &hasher{
		from: from, begin: begin, pieces: pieces, aead: aead, news: news, observer: o, said: time.Now(),
		made: make([]wire.Digest, pieces), is: make([]bool, pieces),
	}
	h.hole = h.sum(make([]byte, wire.Piece))
	for range min(runtime.GOMAXPROCS(0), workersMost, pieces) {
		work.Go(h.run)
	}
	return h
}

// sum is the digest of a piece.
func (h *hasher) sum(piece []byte) wire.Digest {
	return wire.Digest(h.aead.Seal(nil, make([]byte, h.aead.NonceSize()), nil, piece))
}

// run hashes one piece after the other.
func (h *hasher) run() {
	buf := make([]byte, wire.Piece)
	for !h.stop.Load() {
		i := int(h.next.Add(1)) - 1
		if i >= h.pieces {
			return
		}
		d := h.digest(i, buf)
		if h.stop.Load() {
			return
		}
		if h.note(i, d) {
			h.news()
		}
	}
}

// digest is that of a piece; zero if it cannot be read, or the work is to stop.
func (h *hasher) digest(i int, buf []byte) (d wire.Digest) {
	at := h.begin + int64(i)*wire.Piece
	if h.from.NextData(at) >= at+wire.Piece {
		return h.hole
	}
	for n := 0; n < len(buf); {
		if h.stop.Load() {
			return wire.Digest{}
		}
		m, err := h.from.ReadAt(buf[n:], at+int64(n))
		if err != nil {
			return wire.Digest{}
		}
		n += m
	}
	return h.sum(buf)
}

// note keeps a digest. It reports whether somebody has to be told.
func (h *hasher) note(i int, d wire.Digest) (news bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.made[i], h.is[i] = d, true
	for h.front < h.pieces && h.is[h.front] {
		h.front++
	}
	if h.front-h.told < newsEvery && h.front < h.pieces || h.front == h.told {
		return false
	}
	h.told = h.front
	if now := time.Now(); h.front == h.pieces || now.Sub(h.said) >= schedule.ComparePause {
		h.said = now
		observe.Tell(h.observer, observe.Compared{Bytes: int64(h.front) * wire.Piece, Of: int64(h.pieces) * wire.Piece})
	}
	return true
}

// list returns the digests that there are from a piece on, at most so many. They do not change.
func (h *hasher) list(from, most int) []wire.Digest {
	h.mu.Lock()
	defer h.mu.Unlock()
	if from >= h.front {
		return nil
	}
	return h.made[from:min(h.front, from+most)]
}

// halt has the file read no more, but for the calls that are on their way.
func (h *hasher) halt() {
	if h != nil {
		h.stop.Store(true)
	}
}

// after calls then when all work that was told to halt has ended: before it returns, unless a call that reads the file does not come
// back for long.
func after(work *sync.WaitGroup, then func()) {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		work.Wait()
		then()
	}()
	late := time.NewTimer(schedule.HaltMost)
	defer late.Stop()
	select {
	case <-ended:
	case <-late.C:
	}
}

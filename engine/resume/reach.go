package resume

import (
	"errors"
	"fmt"
	"sync"

	"viamillipede/engine/observe"
	"viamillipede/engine/wire"
	"viamillipede/netio"
)

// stock is a *netio.Stock.
type stock interface {
	File
	Close() error
}

// Reach is what a receiver has in its file. Any loop may call its methods; a nil Reach has nothing.
type Reach struct {
	from     stock
	pieces   int
	news     func()
	observer observe.Observer
	work     sync.WaitGroup // of all hashers

	mu     sync.Mutex
	key    [wire.KeyLen]byte // of the sender's first question; guarded by mu, as is what follows
	hasher *hasher           // nil before that
	told   uint64            // up to which piece digests have been sent
	closed bool
}

// Open is for a file that a descriptor is open for, for reading too; that stays the caller's. news is called when there may be more to
// Answer; by any goroutine.
func Open(fd int, news func(), o observe.Observer) (*Reach, error) {
	from, err := netio.OpenStock(fd)
	if err != nil {
		return nil, err
	}
	return &Reach{from: from, pieces: int(from.Size() / wire.Piece), news: news, observer: o}, nil
}

// Covers reports whether a kept leg is within the pieces whose digests have been sent.
func (r *Reach) Covers(l wire.Leg) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return l.Offset+uint64(l.Length) <= r.told*wire.Piece
}

// Teller is how far a link has answered its sender's question. The zero Teller was not asked.
type Teller struct {
	from *hasher // nil: it has nothing to tell
	next uint64
}

// Asked takes a question that came on the link of t, where the receiver has granted features. An error ends the link: it is none of this
// stream.
func (r *Reach) Asked(h wire.Header, payload []byte, granted uint32, t *Teller) error {
	if r == nil || granted&wire.FeatureKeep == 0 {
		return errors.New("the sender asks for what was not granted")
	}
	a, err := h.Ask(payload)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case a.From > uint64(r.pieces):
		return fmt.Errorf("the sender asks for piece %d of %d", a.From, r.pieces)
	case r.closed:
		return nil
	case r.hasher != nil && a.Key != r.key:
		return errors.New("the sender asks with two keys")
	case r.hasher == nil:
		r.key, r.hasher = a.Key, start(r.from, 0, r.pieces, a.Key, &r.work, r.news, r.observer)
	}
	t.from, t.next = r.hasher, a.From
	return nil
}

// Answer puts one frame after the other into control, which leaves with speak, as long as that empties it and the link of t has more to
// tell.
func (r *Reach) Answer(t *Teller, control *[]byte, speak func() error) error {
	for t.from != nil && len(*control) == 0 {
		if *control = r.tell(t, *control); len(*control) == 0 {
			return nil
		}
		if err := speak(); err != nil {
			return err
		}
	}
	return nil
}

// tell appends the next frame; nothing if its digests are not there yet.
func (r *Reach) tell(t *Teller, frames []byte) []byte {
	d := wire.Digests{From: t.next, Pieces: uint64(r.pieces), List: t.from.list(int(t.next), wire.MaxDigests)}
	if len(d.List) == 0 && r.pieces > int(t.next) {
		return frames
	}
	t.next += uint64(len(d.List))
	if t.next == d.Pieces {
		t.from = nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.told = max(r.told, t.next)
	return d.Append(frames)
}

// Forget ends the work for a sender that has gone, of which no leg is in, so that the next one can ask with a key of its own. What was
// told stays true: the file is as it was, and a sender that comes back need not ask again.
func (r *Reach) Forget() {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hasher.halt()
	r.key, r.hasher = [wire.KeyLen]byte{}, nil
}

// Close ends the work, once no loop runs, and closes the file when no call reads it. It does not wait long for one.
func (r *Reach) Close() {
	if r == nil {
		return
	}
	r.mu.Lock()
	r.closed = true
	r.hasher.halt()
	r.mu.Unlock()
	after(&r.work, func() { _ = r.from.Close() })
}

package resume

import (
	"errors"
	"fmt"
	"sync"

	"viamillipede/engine/observe"
	"viamillipede/engine/wire"
	"viamillipede/netio"
)

// Reach is what a receiver has in its file. Any loop may call its methods; a nil Reach has nothing.
type Reach struct {
	from     *netio.Stock
	pieces   int
	news     func()
	observer observe.Observer

	mu     sync.Mutex
	key    [wire.KeyLen]byte // of the first question; guarded by mu, as is what follows
	hasher *hasher           // nil before that
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

// Covers reports whether a kept leg is within what digests were made of.
func (r *Reach) Covers(l wire.Leg) bool {
	return l.Offset+uint64(l.Length) <= uint64(r.pieces)*wire.Piece
}

// Teller is how far a link has answered its sender's question. The zero Teller was not asked.
type Teller struct {
	asked bool
	next  uint64
}

// Asked takes a question that came on the link of t. An error ends the link: it is none of this stream.
func (r *Reach) Asked(h wire.Header, payload []byte, t *Teller) error {
	if r == nil {
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
		r.key, r.hasher = a.Key, start(r.from, 0, r.pieces, a.Key, r.news, r.observer)
	}
	t.asked, t.next = true, a.From
	return nil
}

// Answer puts one frame after the other into control, which leaves with speak, as long as that empties it and the link of t has more to
// tell.
func (r *Reach) Answer(t *Teller, control *[]byte, speak func() error) error {
	for t.asked && len(*control) == 0 {
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
	r.mu.Lock()
	h := r.hasher
	r.mu.Unlock()
	d := wire.Digests{From: t.next, Pieces: uint64(r.pieces), List: h.list(int(t.next), wire.MaxDigests)}
	if len(d.List) == 0 && r.pieces > int(t.next) {
		return frames
	}
	t.next += uint64(len(d.List))
	t.asked = t.next < d.Pieces
	return d.Append(frames)
}

// Close ends the work, once no loop runs. It does not wait long for a call that reads the file, which is closed after that.
func (r *Reach) Close() {
	if r == nil {
		return
	}
	r.mu.Lock()
	h := r.hasher
	r.closed = true
	r.mu.Unlock()
	if h == nil {
		_ = r.from.Close()
		return
	}
	go func() { h.work.Wait(); _ = r.from.Close() }()
	h.halt()
}

package resume

import (
	"fmt"
	"sync"

	"viamillipede/engine/observe"
	"viamillipede/engine/wire"
)

// Agreement is what a sender knows about what its receiver has. Any loop may call its methods; a nil Agreement is that of a stream
// that is sent whole, and no method but At may be called then.
type Agreement struct {
	from     File
	begin    int64 // of the stream in the file
	length   int64 // of the stream
	key      [wire.KeyLen]byte
	news     func()
	observer observe.Observer
	work     sync.WaitGroup // of own

	mu     sync.Mutex
	asked  bool
	link   int           // that was asked
	met    bool          // how much the receiver has is known
	reach  int           // pieces that both have; guarded by mu, as are all around it
	theirs []wire.Digest // by piece, in a row
	own    *hasher
	kept   int64
	said   bool // how much was kept has been told
	closed bool
}

// NewAgreement is for a stream of so many bytes, which begins at an offset of the file. The key is random. news is called when At may
// know more; by any goroutine.
func NewAgreement(from File, begin, length int64, key [wire.KeyLen]byte, news func(), o observe.Observer) *Agreement {
	return &Agreement{from: from, begin: begin, length: length, key: key, news: news, observer: o}
}

// Ask is the frame with which a link is to ask the receiver; nil: another one has asked, or there is nothing to ask.
func (a *Agreement) Ask(link int) []byte {
	if a == nil {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.asked || a.settled() {
		return nil
	}
	a.asked, a.link = true, link
	return wire.Ask{From: uint64(len(a.theirs)), Key: a.key}.Append(nil)
}

// settled reports whether nothing is left to ask. Under mu.
func (a *Agreement) settled() bool { return a.closed || a.met && len(a.theirs) == a.reach }

// Lost notes that a link has ended. It reports whether another one has to ask, because that one has asked, and has not been told all.
func (a *Agreement) Lost(link int) (ask bool) {
	if a == nil {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.asked || a.link != link {
		return false
	}
	a.asked = false
	return !a.settled()
}

// Hear takes a frame of digests. An error ends the link.
func (a *Agreement) Hear(h wire.Header, payload []byte) error {
	if a == nil {
		return fmt.Errorf("digests that nobody has asked for")
	}
	d, err := h.Digests(payload, nil)
	if err != nil {
		return err
	}
	if err := a.take(d); err != nil {
		return err
	}
	a.news()
	return nil
}

// take is Hear for what a frame says.
func (a *Agreement) take(d wire.Digests) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	reach := int(min(d.Pieces, uint64(a.length/wire.Piece)))
	switch {
	case a.closed:
		return nil
	case a.met && reach != a.reach:
		return fmt.Errorf("the receiver has %d pieces, and had %d", reach, a.reach)
	case a.met && len(a.theirs) == reach:
		return nil // what the receiver has beyond the end of the stream
	case d.From > uint64(len(a.theirs)):
		return fmt.Errorf("digests from piece %d on, expected %d", d.From, len(a.theirs))
	case !a.met:
		a.met, a.reach = true, reach
		a.own = start(a.from, a.begin, reach, a.key, &a.work, a.news, a.observer)
	}
	if has := len(a.theirs) - int(d.From); has < len(d.List) { // a frame on an earlier link may have said the same
		a.theirs = append(a.theirs, d.List[has:min(len(d.List), has+reach-len(a.theirs))]...)
	}
	return nil
}

// Verdict is what becomes of a piece of the stream.
type Verdict int

// The verdicts.
const (
	Unknown Verdict = iota // the digests are not there yet
	Send
	Keep // the receiver has it
)

// At is what becomes of the bytes from one on, which follow all that At has been asked about; up to which byte, if that is known.
func (a *Agreement) At(from int64) (v Verdict, upTo int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case !a.met:
		return Unknown, from
	case from >= int64(a.reach)*wire.Piece:
		return Send, a.length
	}
	first := int(from / wire.Piece)
	own := a.own.list(first, len(a.theirs)-first)
	if len(own) == 0 {
		return Unknown, from
	}
	same := a.alike(first, own[0])
	n := 1
	for n < len(own) && a.alike(first+n, own[n]) == same {
		n++
	}
	upTo = int64(first+n) * wire.Piece
	if !same {
		if first+n == a.reach {
			upTo = a.length
		}
		return Send, upTo
	}
	return Keep, upTo
}

// alike reports whether the receiver's digest of a piece is the same; under mu.
func (a *Agreement) alike(i int, own wire.Digest) bool {
	return own == a.theirs[i] && own != wire.Digest{}
}

// Known reports whether At would know what becomes of the byte.
func (a *Agreement) Known(from int64) bool {
	v, _ := a.At(from)
	return v != Unknown
}

// Passed counts bytes up to one, which are kept or sent, and tells once how much was kept.
func (a *Agreement) Passed(bytes, upTo int64, kept bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if kept {
		a.kept += bytes
	}
	if last := int64(a.reach) * wire.Piece; upTo >= last && !a.said {
		a.said = true
		observe.Tell(a.observer, observe.Resumed{Kept: a.kept, Of: last, Size: a.length})
	}
}

// Halt ends the work: the file is read no more, and its offset stays where it is. Nothing is asked from then on. It does not wait long for
// a call that reads the file.
func (a *Agreement) Halt() {
	if a != nil {
		a.halt()
		after(&a.work, func() {})
	}
}

// Close is Halt, and gives the file back once no call reads it.
func (a *Agreement) Close(giveBack func()) {
	if a == nil {
		giveBack()
		return
	}
	a.halt()
	after(&a.work, giveBack)
}

// halt is Halt, but does not wait.
func (a *Agreement) halt() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.closed = true
	a.own.halt()
}

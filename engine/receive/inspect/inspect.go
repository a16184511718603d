// Package inspect checks the legs of a test stream where they come in, and remembers those of any stream that were damaged.
//
//	inspect.go   a leg is checked, and a verdict may wait for others   the loop that received the leg, a short lock
//	damage.go    which legs came with a wrong checksum                 likewise
package inspect

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/prbs"
	"viamillipede/engine/schedule"
	"viamillipede/engine/wire"
)

// A test stream is checked at the receiver before a leg of it is published: by the loop that received the leg, at the same
// time as other loops check theirs. A wrong leg ends the stream. Usually it shows at once what has happened to the leg; but
// whether two legs were swapped, or one was repeated or lost, shows only once both are here. So the verdict may wait a moment
// for the leg whose bytes came in place of another's. Nothing is published meanwhile.
//
//	right -> published
//	not right: a bit, another seed, zeroes ...           -> verdict
//	not right: what came belongs to leg m -> m is checked -> verdict
//	                                  |
//	                                  +- VerdictWithin    -> verdict without it

// inspectedMost is how many checked legs the receiver remembers: any others were delivered long ago, or are far ahead.
const inspectedMost = 512

// Inspection checks a test stream. Its methods may be called from any goroutine.
type Inspection struct {
	sequence prbs.Sequence

	mu     sync.Mutex
	legs   [inspectedMost]inspected // the latest; the next goes to index count modulo their number; guarded by mu, as is all below
	count  int
	faults []inspected // by offset
	since  time.Time   // when the first of them was found
}

// inspected is a leg and what is known about it.
type inspected struct {
	wire.Leg
	prbs.Finding
}

// covers reports whether the byte at offset is the leg's.
func (i *inspected) covers(offset uint64) bool { return offset-i.Offset < uint64(i.Length) }

// New checks the stream of a seed.
func New(seed uint64) *Inspection { return &Inspection{sequence: prbs.New(seed)} }

// Seed is that of the stream.
func (t *Inspection) Seed() uint64 { return t.sequence.Seed() }

// Check checks a leg while the sink had so many bytes, and reports whether it is right and the stream still is. The error ends the stream;
// nil: there is no verdict yet.
func (t *Inspection) Check(l wire.Leg, body []byte, now time.Time, delivered uint64) (whole bool, verdict *stream.Error) {
	return t.note(inspected{l, t.sequence.Examine(body, l.Offset)}, now, delivered)
}

// Passes is Check, now, with a verdict that ends the stream by fail.
func (t *Inspection) Passes(l wire.Leg, body []byte, delivered uint64, fail func(*stream.Error)) bool {
	whole, verdict := t.Check(l, body, time.Now(), delivered)
	if verdict != nil {
		fail(verdict)
	}
	return whole
}

// note records a leg that was checked while the sink had so many bytes; verdict is nil until there is one.
func (t *Inspection) note(l inspected, now time.Time, delivered uint64) (whole bool, verdict *stream.Error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.legs[t.count%len(t.legs)] = l
	t.count++
	if l.Kind != prbs.Intact {
		t.addFault(l, now)
	}
	if len(t.faults) == 0 {
		return true, nil
	}
	return false, t.judge(delivered, false)
}

// addFault keeps a wrong leg, once; under mu.
func (t *Inspection) addFault(l inspected, now time.Time) {
	if len(t.faults) == 0 {
		t.since = now
	}
	at, known := slices.BinarySearchFunc(t.faults, l.Offset, func(f inspected, offset uint64) int {
		return int(int64(f.Offset - offset))
	})
	if !known && len(t.faults) < inspectedMost {
		t.faults = slices.Insert(t.faults, at, l)
	}
}

// Glance ends the stream by fail if a verdict cannot wait any longer. Without a test stream t is nil.
func (t *Inspection) Glance(now time.Time, fail func(*stream.Error)) {
	if t == nil {
		return
	}
	if verdict := t.Overdue(now); verdict != nil {
		fail(verdict)
	}
}

// Overdue is the verdict that cannot wait any longer, nil if there is none.
func (t *Inspection) Overdue(now time.Time) *stream.Error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.faults) == 0 || now.Sub(t.since) < schedule.VerdictWithin {
		return nil
	}
	return t.judge(0, true)
}

// judge says what has happened to the first wrong leg in the order of the stream, as far as that is known; nil if it is
// worthwhile to wait. Under mu.
func (t *Inspection) judge(delivered uint64, last bool) *stream.Error {
	l := &t.faults[0]
	what := ""
	if l.Kind == prbs.Moved {
		other := t.find(l.Place)
		if other == nil && l.Place >= delivered && !last {
			return nil
		}
		what = l.moved(other)
	} else {
		what = l.changed()
	}
	return stream.Fail(stream.StatusIntegrity, nil, "the test stream is damaged at byte %d, byte %d of leg %d: %s",
		l.Offset+uint64(l.At), l.At, l.Number, what)
}

// find is the leg that has the byte at offset, if it is remembered. It prefers a wrong leg to a right one, because a leg may
// come twice. Under mu.
func (t *Inspection) find(offset uint64) *inspected {
	for i := range t.faults {
		if t.faults[i].covers(offset) {
			return &t.faults[i]
		}
	}
	for i := range min(t.count, len(t.legs)) {
		if t.legs[i].covers(offset) {
			return &t.legs[i]
		}
	}
	return nil
}

// changed says what has happened to a leg whose bytes did not come from elsewhere in the stream.
func (i *inspected) changed() string {
	switch {
	case i.Kind == prbs.Flipped && i.Bits == 1:
		return fmt.Sprintf("bit %d is flipped, %02x came in place of %02x", i.Bit, i.Came, i.Want)
	case i.Kind == prbs.Flipped:
		return fmt.Sprintf("%d bits are flipped within %d bytes, the first is bit %d, %02x came in place of %02x",
			i.Bits, i.Span, i.Bit, i.Came, i.Want)
	case i.Kind == prbs.Other:
		return fmt.Sprintf("what came is the stream of prbs %#x", i.Seed)
	case i.Kind == prbs.Blank:
		return fmt.Sprintf("%d zeroes came", i.Span)
	}
	return fmt.Sprintf("%d bits are wrong within %d bytes, which belong nowhere in the stream: is prbs given at both ends?",
		i.Bits, i.Span)
}

// moved says what has happened to a leg whose bytes belong elsewhere in the stream: to other, nil if that leg is not known.
func (i *inspected) moved(other *inspected) string {
	what := fmt.Sprintf("%d bytes came that belong at byte %d", i.Span, i.Place)
	if other == nil {
		if i.Place < i.Offset {
			return what + ", which are repeated"
		}
		return what + ", those in between are missing"
	}
	what += fmt.Sprintf(" in leg %d", other.Number)
	switch {
	case i.Number == other.Number:
		return what + ": bytes are lost or repeated within the leg"
	case other.Kind == prbs.Moved && i.covers(other.Place):
		return what + fmt.Sprintf(": legs %d and %d are swapped", i.Number, other.Number)
	case other.Kind != prbs.Intact:
		return what + ", which is damaged too"
	case i.Place < i.Offset:
		return what + fmt.Sprintf(" and came there too: leg %d is repeated in place of leg %d", other.Number, i.Number)
	}
	return what + fmt.Sprintf(" and came there too: leg %d is missing, leg %d is in its place", i.Number, other.Number)
}

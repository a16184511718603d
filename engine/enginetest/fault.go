package enginetest

import "math/rand/v2"

// Faults says what may go wrong in a Net. The zero Faults is a faultless network.
type Faults struct {
	Most   int  // faults of single links, over the life of the Net
	Bytes  int  // links break within about so many bytes
	Short  bool // calls move less than they could, on every link
	Again  bool // calls say that they would block when they would not, on every link
	Silent bool // also faults that only a clock can find
	Room   bool // sockets hold little
	Doomed int  // links with an index below this never come up
}

// side is an end of a link.
type side int

const (
	sender side = iota
	receiver
)

// kind is what goes wrong with one link.
type kind int

const (
	_ kind = iota // nothing

	// In the handshake.
	faultRefusal // connection refused
	faultUnheard // closed before the receiver hears of it
	faultHello   // ends within the hello
	faultWelcome // ends within the welcome
	faultSilence // no answer to the dialling; for a clock to find

	// At byte at, of those that one side sends or receives.
	faultDeath   // an error at both ends
	faultRest    // the rest goes nowhere, then an error
	faultFrozen  // nothing comes in for a while
	faultGhost   // an error at this side; the other does not notice
	faultSwallow // the rest goes nowhere; for a clock to find
)

// fault is drawn for each link.
type fault struct {
	kind  kind
	at    int // bytes
	side  side
	out   bool // at counts what side sends; else what it receives
	calls int  // of faultRest and faultFrozen: how long it lasts
	room  int  // bytes that the sockets take; 0: the system chooses
	seed  uint64
	reset bool // an abort throws away what is on its way, as with TCP
}

// draw decides on the next link; under mu.
func (n *Net) draw() fault {
	r := n.rng
	f := fault{seed: r.Uint64(), reset: r.IntN(2) == 0}
	if n.faults.Room {
		f.room = 4608 << r.IntN(6)
	}
	if n.left == 0 || r.IntN(4) == 0 {
		return f
	}
	n.left--
	f.kind = pick(r, n.faults.Silent)
	f.side, f.out = side(r.IntN(2)), r.IntN(2) == 0
	f.calls = 1 + r.IntN(50)
	switch f.kind {
	case faultHello, faultWelcome:
		f.at = r.IntN(64)
	case faultSwallow, faultRest:
		f.out = true
		f.at = within(r, f, n.faults.Bytes)
	case faultGhost:
		f.side, f.out = sender, true
		f.at = within(r, f, n.faults.Bytes)
	case faultFrozen:
		f.side, f.out = receiver, false
		f.at = within(r, f, n.faults.Bytes)
	case faultDeath:
		f.at = within(r, f, n.faults.Bytes)
	}
	return f
}

// pick gives the faults of a running link more weight than those of the handshake.
func pick(r *rand.Rand, silent bool) kind {
	kinds := []kind{
		faultRefusal, faultUnheard, faultHello, faultWelcome,
		faultDeath, faultDeath, faultDeath, faultDeath, faultRest, faultRest, faultFrozen, faultGhost,
	}
	if silent {
		kinds = append(kinds, faultSilence, faultSwallow)
	}
	return kinds[r.IntN(len(kinds))]
}

// within draws a byte, small ones as likely as large ones: of the stream in the one direction, of acks in the other.
func within(r *rand.Rand, f fault, bytes int) int {
	if f.out != (f.side == sender) {
		bytes = 512
	}
	most := 1 + r.IntN(max(1, bytes))
	return r.IntN(most)
}

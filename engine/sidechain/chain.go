package sidechain

import (
	"errors"
	"fmt"
	"strings"
)

// Codec is what a step does. The numbers go over the wire; 0 is no codec.
type Codec uint8

// The codecs.
const (
	Zstd    Codec = 1  // a frame of zstd (RFC 8878)
	S2      Codec = 2  // a block of s2, the successor of Snappy
	Gzip    Codec = 3  // a member of gzip (RFC 1952)
	Bzip2   Codec = 4  // a file of bzip2
	Command Codec = 15 // what a program makes of it; each end names its own
)

// String is the name that users write.
func (c Codec) String() string {
	switch c {
	case Zstd:
		return "zstd"
	case S2:
		return "s2"
	case Gzip:
		return "gzip"
	case Bzip2:
		return "bzip2"
	case Command:
		return "a command"
	}
	return fmt.Sprintf("codec %d", uint8(c))
}

// MaxSteps bounds the steps of a chain: the header of a leg has a bit for each.
const MaxSteps = 6

// codecBits is how many bits of a chain's code a step has.
const codecBits = 4

// Step is one step of a chain, at one end.
type Step struct {
	Codec   Codec
	Level   int     // of a built-in codec, at the sender: how hard it tries; 0: its default
	Text    string  // of a command, for people
	Program Program // of a command; else nil, except of Bzip2 at the sender
}

// Chain is what legs go through at the sender, in this order, and at the receiver in the opposite one. The zero Chain has no steps:
// nothing is coded.
type Chain struct {
	Steps []Step
	// Auto says that the sender goes by what helps most: a leg goes through one of the steps at most, and the levels are ignored.
	Auto bool
	Most int // pieces that go through it at a time, at most; 0: as many as there are CPUs
}

// IsEmpty reports whether nothing is coded.
func (c Chain) IsEmpty() bool { return len(c.Steps) == 0 }

// Commands counts the steps that are programs of the user's. They are never left out.
func (c Chain) Commands() (n int) {
	for _, s := range c.Steps {
		if s.Codec == Command {
			n++
		}
	}
	return n
}

// Programs counts the steps that need a program at that end.
func (c Chain) Programs(sends bool) (n int) {
	for _, s := range c.Steps {
		if s.Codec == Command || s.Codec == Bzip2 && sends {
			n++
		}
	}
	return n
}

// Tables is how many bytes of memory, at most, the steps of one coder take at that end whatever the size of a piece. A program's are its own.
func (c Chain) Tables(sends bool) (bytes int64) {
	for _, s := range c.Steps {
		switch {
		case s.Codec == Zstd && sends && s.Level >= 4:
			bytes += 35 << 20
		case s.Codec == Zstd && sends:
			bytes += 5 << 20
		case s.Codec != Command:
			bytes += 2 << 20
		}
	}
	return bytes
}

// Coders is how many coders an end should have for pieces of so many bytes: one for each CPU that this process may use, but no more than
// loops, unless that is 0, nor than have memory for pieces within so many bytes; one at least. memory is how many bytes they take.
func (c Chain) Coders(loops, most int, within int64) (n int, memory int64) {
	n = Workers(loops)
	if c.Most > 0 {
		n = min(n, c.Most)
	}
	each := int64(most + spare(most))
	if len(c.Steps) > 1 && !c.Auto {
		each *= 2
	}
	n = max(1, int(min(int64(n), within/each)))
	return n, int64(n) * each
}

// End ends the programs of a chain that nobody takes anything through any more.
func (c Chain) End() {
	for _, s := range c.Steps {
		if s.Program != nil {
			s.Program.End()
		}
	}
}

// Code is the chain as a hello has it: 4 bits for the codec of each step, the first one in the lowest.
func (c Chain) Code() (code uint32) {
	for i, s := range c.Steps {
		code |= uint32(s.Codec) << (i * codecBits)
	}
	return code
}

// ErrDiffer is why a receiver refuses a sender's chain. Errors that wrap it name both chains.
var ErrDiffer = errors.New("the ends have different sidechains")

// Match is the chain of a receiver for a sender that has told its code. own is the receiver's, which needs steps for commands alone,
// and those in the sender's order; what is built in may be among them, or left out. An error wraps ErrDiffer.
func Match(code uint32, own Chain) (Chain, error) {
	c := Chain{Most: own.Most}
	mine := own.Steps
	for rest := code; rest != 0; rest >>= codecBits {
		s := Step{Codec: Codec(rest & (1<<codecBits - 1))}
		next := len(mine) > 0 && mine[0].Codec == s.Codec
		if next {
			s, mine = mine[0], mine[1:]
		}
		if s.Codec == Command && !next || !s.Codec.known() || len(c.Steps) == MaxSteps {
			return Chain{}, differ(code, own)
		}
		c.Steps = append(c.Steps, s)
	}
	if len(mine) > 0 {
		return Chain{}, differ(code, own)
	}
	return c, nil
}

func differ(code uint32, own Chain) error {
	return fmt.Errorf("%w: %s at the sender, %s at the receiver", ErrDiffer, Describe(code), Describe(own.Code()))
}

// known reports whether this program has the codec.
func (c Codec) known() bool { return c >= Zstd && c <= Bzip2 || c == Command }

// Describe names the steps of a code, for people.
func Describe(code uint32) string {
	if code == 0 {
		return "none"
	}
	var names []string
	for ; code != 0; code >>= codecBits {
		names = append(names, Codec(code&(1<<codecBits-1)).String())
	}
	return strings.Join(names, ", ")
}

// String names the steps as the user did, for people.
func (c Chain) String() string {
	names := c.Words()
	for i := range names {
		if !c.Auto && c.Steps[i].Codec == Command {
			names[i] = "'" + names[i] + "'"
		}
	}
	return strings.Join(names, ", ")
}

package engine_test

import (
	"errors"
	"math/rand/v2"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"viamillipede/engine/internal/stream"
)

// flip is a prover that tosses a coin, and sometimes fails: what it says decides the way of a leg, never its bytes, for the
// sources of a scenario are all filled by write(2).
type flip struct {
	rng    *rand.Rand
	source int // the pipe that it is asked about first; -1 before. Of another one it says what is true.
}

// newFlip gives a prover, or with kind 2 half of the time none.
func newFlip(seed uint64, kind int) (stream.Prover, error) {
	f := &flip{rand.New(rand.NewPCG(seed, 3)), -1}
	if kind == 2 && f.rng.IntN(2) == 0 {
		return nil, os.ErrPermission
	}
	return f, nil
}

func (f *flip) Written(pipe int) (int, error) {
	if f.source < 0 {
		f.source = pipe
	}
	if pipe == f.source {
		if f.rng.IntN(100) == 0 {
			return -1, errors.New("out of order")
		}
		if f.rng.IntN(4) == 0 {
			return -1, nil
		}
	}
	return unix.IoctlGetInt(pipe, unix.TIOCINQ)
}

func (f *flip) Cost() time.Duration { return 0 }

func (f *flip) Close() error { return nil }

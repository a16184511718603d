package sidechain

import (
	"errors"
	"time"
)

// Program runs a command, anew for each piece, many at the same time. Any goroutine may call it.
type Program interface {
	// Run gives a process src, and puts what it writes into dst; n is how many bytes that are. Errors: ErrRoom, it writes more than dst
	// holds; or why it failed, in words that name it.
	Run(dst, src []byte) (n int, err error)
	// Spent is the CPU time of the processes that have ended.
	Spent() time.Duration
	// End ends all processes: each Run returns, now or later, with an error.
	End()
}

// errNoProgram is why a step does not work at this end.
var errNoProgram = errors.New("there is no program for it at this end")

// programStep is a step that a program does. It does at each end what it was given for.
type programStep struct{ program Program }

func (p programStep) encode(dst, src []byte) (int, error) {
	if p.program == nil {
		return 0, errNoProgram
	}
	return p.program.Run(dst, src)
}

func (p programStep) decode(dst, src []byte) (int, error) { return p.encode(dst, src) }

func (programStep) close() {}

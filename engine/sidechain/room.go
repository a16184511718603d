package sidechain

import (
	"errors"
	"io"
)

// ErrRoom is why a step ends early: it makes more bytes than it has room for.
var ErrRoom = errors.New("it becomes longer than it may")

// room is an io.Writer into memory that does not grow.
type room struct {
	memory []byte
	used   int
}

// Write is all or nothing. Errors: ErrRoom.
func (r *room) Write(p []byte) (int, error) {
	if len(p) > len(r.memory)-r.used {
		return 0, ErrRoom
	}
	r.used += copy(r.memory[r.used:], p)
	return len(p), nil
}

// Fill reads all that there is into dst. Errors: ErrRoom, there is more; those of from.
func Fill(dst []byte, from io.Reader) (n int, err error) {
	for {
		if n == len(dst) {
			var more [1]byte
			switch m, err := from.Read(more[:]); {
			case m > 0:
				return n, ErrRoom
			case err == io.EOF:
				return n, nil
			case err != nil:
				return n, err
			}
			continue
		}
		m, err := from.Read(dst[n:])
		n += m
		if err == io.EOF {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
}

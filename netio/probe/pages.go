package probe

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"viamillipede/netio/lend"
)

// Way is a call that moves pages.
type Way string

// The ways that are tried.
const (
	Vmsplice Way = "vmsplice" // a page of this process into a pipe
	Splice   Way = "splice"   // a page of a file into a pipe
	Tee      Way = "tee"      // the content of a pipe into another, and on by splice
)

// Moves tries a way and reports whether it moves pages by reference: then a page changed after the call comes out
// changed. If it comes out as it was, the kernel has copied it. An error says that the way does not work at all.
func Moves(way Way) (byReference bool, err error) {
	switch way {
	case Vmsplice:
		return moves(memory, straight)
	case Splice:
		return moves(file, straight)
	case Tee:
		if _, err := moves(written, teed); err != nil {
			return false, err // from tee itself, not from lending it a page
		}
		// If one kind of page is copied on its way into the pipe, the other may still show what tee does.
		for _, by := range []lender{memory, file} {
			if byReference, err = moves(by, teed); byReference {
				return true, nil
			}
		}
		return false, err
	}
	return false, fmt.Errorf("%s: %w", way, errors.ErrUnsupported)
}

// The first byte of a page before and after the change.
const before, after = 'a', 'b'

// page is a page in a pipe, such as a *lend.Page.
type page interface {
	Set(first byte) error
	Close()
}

// lender puts a page that begins with before into a pipe.
type lender func(w int) (page, error)

func memory(w int) (page, error) { return given(lend.Memory(w, before)) }
func file(w int) (page, error)   { return given(lend.File(w, before)) }

func given(p *lend.Page, err error) (page, error) {
	if err != nil {
		return nil, err
	}
	return p, nil
}

// moves lends a page, changes it, and checks what comes out of the pipe that through leads to.
func moves(by lender, through func(r int) (end int, drop func(), err error)) (byReference bool, err error) {
	r, w, err := newPipe()
	if err != nil {
		return false, err
	}
	defer closeAll(r, w)
	p, err := by(w)
	if err != nil {
		return false, err
	}
	defer p.Close()
	end, leave, err := through(r)
	if err != nil {
		return false, err
	}
	defer leave()
	if err := p.Set(after); err != nil {
		return false, err
	}
	var b [1]byte
	n, err := unix.Read(end, b[:])
	switch {
	case err != nil:
		return false, os.NewSyscallError("read", err)
	case n != 1 || b[0] != before && b[0] != after:
		return false, fmt.Errorf("read: %d bytes, %q, from a pipe that holds a page", n, b[:n])
	}
	return b[0] == after, nil
}

// straight leads to the pipe itself.
func straight(r int) (end int, drop func(), err error) { return r, func() {}, nil }

// teed leads to a pipe that received the content of r by tee(2) and then splice(2).
func teed(r int) (end int, drop func(), err error) {
	r1, w1, err := newPipe()
	if err != nil {
		return -1, nil, err
	}
	defer closeAll(r1, w1)
	r2, w2, err := newPipe()
	if err != nil {
		return -1, nil, err
	}
	size := os.Getpagesize()
	n, err := unix.Tee(r, w1, size, unix.SPLICE_F_NONBLOCK)
	if err = lend.Whole("tee", int(n), err); err == nil {
		var m int64
		m, err = unix.Splice(r1, nil, w2, nil, size, unix.SPLICE_F_NONBLOCK)
		err = lend.Whole("splice", int(m), err)
	}
	if err != nil {
		closeAll(r2, w2)
		return -1, nil, err
	}
	return r2, func() { closeAll(r2, w2) }, nil
}

// written puts a page of the kernel's own into the pipe; nobody can change that one.
func written(w int) (page, error) {
	b := make([]byte, os.Getpagesize())
	b[0] = before
	n, err := unix.Write(w, b)
	return fixed{}, lend.Whole("write", n, err)
}

// fixed is a page that cannot be changed.
type fixed struct{}

func (fixed) Set(byte) error { return nil }
func (fixed) Close()         {}

func newPipe() (r, w int, err error) {
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		return -1, -1, os.NewSyscallError("pipe2", err)
	}
	return fds[0], fds[1], nil
}

func closeAll(fds ...int) {
	for _, fd := range fds {
		_ = unix.Close(fd)
	}
}

package probe

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Way is a call that moves pages.
type Way string

// The ways that are tried.
const (
	Vmsplice Way = "vmsplice" // a page of this process into a pipe
	Splice   Way = "splice"   // a page of a file into a pipe
	Tee      Way = "tee"      // what is in a pipe into another, and on by splice
)

// Moves tries a way and reports whether it moves pages by reference: a page that is changed after the call comes out as it
// is then. Where it comes out as it was, the kernel has copied it. An error says that the way cannot be gone at all.
func Moves(way Way) (byReference bool, err error) {
	switch way {
	case Vmsplice:
		return moves(lendMemory, straight)
	case Splice:
		return moves(lendFile, straight)
	case Tee:
		if _, err := moves(lendWritten, teed); err != nil {
			return false, err // of tee itself, and not of what lends a page to it
		}
		// Where one kind of page is copied on its way into the pipe, the other may still show what tee does.
		for _, lend := range []lender{lendMemory, lendFile} {
			if byReference, err = moves(lend, teed); byReference {
				return true, nil
			}
		}
		return false, err
	}
	return false, fmt.Errorf("%s: %w", way, errors.ErrUnsupported)
}

// What a page holds before and after the change.
const before, after = 'a', 'b'

// lender puts a page that holds before into a pipe. change makes it hold after; drop gives it back.
type lender func(w int) (change func() error, drop func(), err error)

// moves lends a page, changes it and looks at what comes out of the pipe that through leads to.
func moves(lend lender, through func(r int) (end int, drop func(), err error)) (byReference bool, err error) {
	r, w, err := newPipe()
	if err != nil {
		return false, err
	}
	defer closeAll(r, w)
	change, drop, err := lend(w)
	if err != nil {
		return false, err
	}
	defer drop()
	end, leave, err := through(r)
	if err != nil {
		return false, err
	}
	defer leave()
	if err := change(); err != nil {
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

// straight looks at the pipe itself.
func straight(r int) (end int, drop func(), err error) { return r, func() {}, nil }

// teed looks at a pipe that has got what is in r by tee(2) and then splice(2).
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
	page := os.Getpagesize()
	n, err := unix.Tee(r, w1, page, unix.SPLICE_F_NONBLOCK)
	if err = whole("tee", int(n), err); err == nil {
		var m int64
		m, err = unix.Splice(r1, nil, w2, nil, page, unix.SPLICE_F_NONBLOCK)
		err = whole("splice", int(m), err)
	}
	if err != nil {
		closeAll(r2, w2)
		return -1, nil, err
	}
	return r2, func() { closeAll(r2, w2) }, nil
}

func lendMemory(w int) (change func() error, drop func(), err error) {
	page := os.Getpagesize()
	lent, err := unix.Mmap(-1, 0, page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		return nil, nil, os.NewSyscallError("mmap", err)
	}
	lent[0] = before
	v := unix.Iovec{Base: &lent[0]}
	v.SetLen(page)
	n, err := unix.Vmsplice(w, []unix.Iovec{v}, unix.SPLICE_F_NONBLOCK)
	if err := whole("vmsplice", n, err); err != nil {
		_ = unix.Munmap(lent)
		return nil, nil, err
	}
	return func() error { lent[0] = after; return nil }, func() { _ = unix.Munmap(lent) }, nil
}

func lendFile(w int) (change func() error, drop func(), err error) {
	fd, err := unix.MemfdCreate("probe", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, nil, os.NewSyscallError("memfd_create", err)
	}
	page := os.Getpagesize()
	b := make([]byte, page)
	b[0] = before
	n, err := unix.Pwrite(fd, b, 0)
	if err = whole("pwrite", n, err); err == nil {
		var m int64
		from := int64(0)
		m, err = unix.Splice(fd, &from, w, nil, page, unix.SPLICE_F_NONBLOCK)
		err = whole("splice", int(m), err)
	}
	if err != nil {
		closeAll(fd)
		return nil, nil, err
	}
	change = func() error {
		_, err := unix.Pwrite(fd, []byte{after}, 0)
		return os.NewSyscallError("pwrite", err)
	}
	return change, func() { closeAll(fd) }, nil
}

// lendWritten puts a page of the kernel's own into the pipe, which nobody can change.
func lendWritten(w int) (change func() error, drop func(), err error) {
	b := make([]byte, os.Getpagesize())
	b[0] = before
	n, err := unix.Write(w, b)
	return func() error { return nil }, func() {}, whole("write", n, err)
}

// whole is the error of a call that should have moved a page.
func whole(call string, n int, err error) error {
	if err == nil && n != os.Getpagesize() {
		return fmt.Errorf("%s: %d bytes of a page", call, n)
	}
	return os.NewSyscallError(call, err)
}

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

// Package lend puts pages into pipes that are not the kernel's own and can still be changed from outside, as vmsplice(2)
// and splice(2) leave them. It serves code that tells such pages from others, or that checks whether this kernel copies
// them.
package lend

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Page is a page that a pipe may refer to. The caller closes it; the pipe keeps its reference.
type Page struct {
	set  func(first byte) error
	drop func()
}

// Set changes the first byte of the page.
func (p *Page) Set(first byte) error { return p.set(first) }

// Close gives the page back.
func (p *Page) Close() { p.drop() }

// Memory puts a page of this process, which begins with first, into the pipe that w writes to (vmsplice(2)).
func Memory(w int, first byte) (*Page, error) {
	size := os.Getpagesize()
	m, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		return nil, os.NewSyscallError("mmap", err)
	}
	p := &Page{
		set:  func(first byte) error { m[0] = first; return nil },
		drop: func() { _ = unix.Munmap(m) },
	}
	m[0] = first // once written, it is a page of its own, not the zero page
	v := unix.Iovec{Base: &m[0]}
	v.SetLen(size)
	n, err := unix.Vmsplice(w, []unix.Iovec{v}, unix.SPLICE_F_NONBLOCK)
	return p.lent(Whole("vmsplice", n, err))
}

// File puts a page of a file, which begins with first, into the pipe that w writes to (splice(2)).
func File(w int, first byte) (*Page, error) {
	fd, err := unix.MemfdCreate("lend", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("memfd_create", err)
	}
	p := &Page{
		set: func(first byte) error {
			_, err := unix.Pwrite(fd, []byte{first}, 0)
			return os.NewSyscallError("pwrite", err)
		},
		drop: func() { _ = unix.Close(fd) },
	}
	content := make([]byte, os.Getpagesize())
	content[0] = first
	n, err := unix.Pwrite(fd, content, 0)
	if err = Whole("pwrite", n, err); err != nil {
		return p.lent(err)
	}
	from := int64(0)
	moved, err := unix.Splice(fd, &from, w, nil, len(content), unix.SPLICE_F_NONBLOCK)
	return p.lent(Whole("splice", int(moved), err))
}

// lent returns the page unless err says that lending it failed.
func (p *Page) lent(err error) (*Page, error) {
	if err != nil {
		p.drop()
		return nil, err
	}
	return p, nil
}

// Whole returns the error of a call that should have moved a whole page and moved n bytes.
func Whole(call string, n int, err error) error {
	if err == nil && n != os.Getpagesize() {
		return fmt.Errorf("%s: %d bytes of a page", call, n)
	}
	return os.NewSyscallError(call, err)
}

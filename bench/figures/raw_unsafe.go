package main

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// read is read(2) into b, which must not be empty; it retries EINTR. 0 is the end of the stream.
func read(fd int, b []byte) (int, error) { return move(unix.SYS_READ, fd, b) }

// write is write(2) of b, which must not be empty; it retries EINTR, and may write less than b.
func write(fd int, b []byte) (int, error) { return move(unix.SYS_WRITE, fd, b) }

func move(call uintptr, fd int, b []byte) (int, error) {
	for {
		r, _, errno := unix.RawSyscall(call, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
		if errno == 0 {
			return int(r), nil
		}
		if errno != unix.EINTR {
			return 0, errno
		}
	}
}

// vmsplice is vmsplice(2) of b, which must not be empty; it retries EINTR, and may take less than b.
func vmsplice(fd int, b []byte) (int, error) {
	v := unix.Iovec{Base: unsafe.SliceData(b)}
	v.SetLen(len(b))
	for {
		r, _, errno := unix.RawSyscall6(unix.SYS_VMSPLICE, uintptr(fd), uintptr(unsafe.Pointer(&v)), 1, 0, 0, 0)
		if errno == 0 {
			return int(r), nil
		}
		if errno != unix.EINTR {
			return 0, errno
		}
	}
}

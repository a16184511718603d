package sys

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// An eventfd(2) transfers 8 bytes or nothing.

// EventAdd is write(2) of a number to an eventfd.
func EventAdd(fd int, number *uint64) syscall.Errno {
	_, _, e := unix.RawSyscall(unix.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(number)), unsafe.Sizeof(*number))
	return e
}

// EventTake is read(2) from an eventfd.
func EventTake(fd int, number *uint64) syscall.Errno {
	_, _, e := unix.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(number)), unsafe.Sizeof(*number))
	return e
}

package ends

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// Read is read(2) into b, which must not be empty; it retries EINTR. 0 is the end of the stream.
func Read(fd int, b []byte) (int, error) { return move(unix.SYS_READ, fd, b) }

// Write is write(2) of b, which must not be empty; it retries EINTR, and may write less than b.
func Write(fd int, b []byte) (int, error) { return move(unix.SYS_WRITE, fd, b) }

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

// VMSplice is vmsplice(2) of b, which must not be empty; it retries EINTR, and may take less than b.
func VMSplice(fd int, b []byte) (int, error) {
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

package sys

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Read is read(2).
func Read(fd int, p []byte) (int, syscall.Errno) {
	n, e := perhaps(len(p))
	if e != 0 {
		return 0, e
	}
	m, _, e := unix.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(n))
	return count(m, e)
}

// Write is write(2).
func Write(fd int, p []byte) (int, syscall.Errno) {
	n, e := perhaps(len(p))
	if e != 0 {
		return 0, e
	}
	m, _, e := unix.RawSyscall(unix.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(n))
	return count(m, e)
}

// Send is send(2) with flags.
func Send(fd int, p []byte, flags int) (int, syscall.Errno) {
	n, e := perhaps(len(p))
	if e != 0 {
		return 0, e
	}
	m, _, e := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(n),
		uintptr(flags), 0, 0)
	return count(m, e)
}

// Receive is read(2) of a stream socket, which brings less than was asked for only when there is no more (epoll(7) counts on that): the
// build tag faults interrupts it, and does not make it short.
func Receive(fd int, p []byte) (int, syscall.Errno) {
	if e := interrupted(); e != 0 {
		return 0, e
	}
	n, _, e := unix.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
	return count(n, e)
}

// Receivev is Receive into a, then b, by readv(2).
func Receivev(fd int, a, b []byte) (int, syscall.Errno) {
	if e := interrupted(); e != 0 {
		return 0, e
	}
	v := [2]unix.Iovec{{Base: unsafe.SliceData(a)}, {Base: unsafe.SliceData(b)}}
	v[0].SetLen(len(a))
	v[1].SetLen(len(b))
	n, _, e := unix.RawSyscall(unix.SYS_READV, uintptr(fd), uintptr(unsafe.Pointer(&v)), uintptr(len(v)))
	return count(n, e)
}

// Writev is writev(2) of a, then b.
func Writev(fd int, a, b []byte) (int, syscall.Errno) {
	v, e := pair(a, b)
	if e != 0 {
		return 0, e
	}
	n, _, e := unix.RawSyscall(unix.SYS_WRITEV, uintptr(fd), uintptr(unsafe.Pointer(&v)), uintptr(len(v)))
	return count(n, e)
}

// Sendmsg is sendmsg(2) of a, then b, with flags.
func Sendmsg(fd int, a, b []byte, flags int) (int, syscall.Errno) {
	v, e := pair(a, b)
	if e != 0 {
		return 0, e
	}
	m := unix.Msghdr{Iov: &v[0]}
	m.SetIovlen(len(v))
	n, _, e := unix.RawSyscall(unix.SYS_SENDMSG, uintptr(fd), uintptr(unsafe.Pointer(&m)), uintptr(flags))
	return count(n, e)
}

// Splice is splice(2) without offsets.
func Splice(from, to, n, flags int) (int, syscall.Errno) {
	n, e := perhaps(n)
	if e != 0 {
		return 0, e
	}
	m, _, e := unix.RawSyscall6(unix.SYS_SPLICE, uintptr(from), 0, uintptr(to), 0, uintptr(n), uintptr(flags))
	return count(m, e)
}

// Tee is tee(2).
func Tee(from, to, n, flags int) (int, syscall.Errno) {
	n, e := perhaps(n)
	if e != 0 {
		return 0, e
	}
	m, _, e := unix.RawSyscall6(unix.SYS_TEE, uintptr(from), uintptr(to), uintptr(n), uintptr(flags), 0, 0)
	return count(m, e)
}

// PreadNow is preadv2(2) of one byte without waiting for it (RWF_NOWAIT).
func PreadNow(fd int, offset int64) (int, syscall.Errno) {
	var b byte
	v := unix.Iovec{Base: &b}
	v.SetLen(1)
	n, _, e := unix.RawSyscall6(unix.SYS_PREADV2, uintptr(fd), uintptr(unsafe.Pointer(&v)), 1, uintptr(offset), 0, unix.RWF_NOWAIT)
	return count(n, e)
}

// pair is an I/O vector of a, then b.
func pair(a, b []byte) ([2]unix.Iovec, syscall.Errno) {
	n, e := perhaps(len(a) + len(b))
	v := [2]unix.Iovec{{Base: unsafe.SliceData(a)}, {Base: unsafe.SliceData(b)}}
	v[0].SetLen(min(n, len(a)))
	v[1].SetLen(n - min(n, len(a)))
	return v, e
}

func count(n uintptr, e syscall.Errno) (int, syscall.Errno) {
	if e != 0 {
		return 0, e
	}
	return int(n), 0
}

// Connect is connect(2) of a non-blocking socket to the address in b.
func Connect(fd int, b []byte) syscall.Errno {
	_, _, e := unix.RawSyscall(unix.SYS_CONNECT, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
	return e
}

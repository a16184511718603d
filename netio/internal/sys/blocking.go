package sys

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// The calls in this file may block: on a medium, or on another program that has the same pipe or socket open and is in
// the middle of a call on it, which O_NONBLOCK does not prevent. So Go's scheduler is told about them. While it has a P
// to spare, the thread keeps its own unless the call takes 10 ms.

// ReadWait is read(2).
func ReadWait(fd int, p []byte) (int, syscall.Errno) {
	n, e := perhaps(len(p))
	if e != 0 {
		return 0, e
	}
	return told(unix.Read(fd, p[:n]))
}

// ReadvWait is readv(2).
func ReadvWait(fd int, pieces [][]byte) (int, syscall.Errno) {
	n, e := perhaps(len(pieces[0]))
	if e != 0 {
		return 0, e
	}
	if n < len(pieces[0]) {
		return told(unix.Read(fd, pieces[0][:n]))
	}
	return told(unix.Readv(fd, pieces))
}

// WriteWait is write(2).
func WriteWait(fd int, p []byte) (int, syscall.Errno) {
	n, e := perhaps(len(p))
	if e != 0 {
		return 0, e
	}
	return told(unix.Write(fd, p[:n]))
}

// ReceiveWait is recv(2) with flags.
func ReceiveWait(fd int, p []byte, flags int) (int, syscall.Errno) {
	n, e := perhaps(len(p))
	if e != 0 {
		return 0, e
	}
	n, _, err := unix.Recvfrom(fd, p[:n], flags)
	return told(n, err)
}

// SendWait is send(2) with flags.
func SendWait(fd int, p []byte, flags int) (int, syscall.Errno) {
	n, e := perhaps(len(p))
	if e != 0 {
		return 0, e
	}
	return told(unix.SendmsgN(fd, p[:n], nil, nil, flags))
}

// Pread is pread(2).
func Pread(fd int, p []byte, offset int64) (int, syscall.Errno) {
	n, e := perhaps(len(p))
	if e != 0 {
		return 0, e
	}
	return told(unix.Pread(fd, p[:n], offset))
}

// Pwrite is pwrite(2).
func Pwrite(fd int, p []byte, offset int64) (int, syscall.Errno) {
	n, e := perhaps(len(p))
	if e != 0 {
		return 0, e
	}
	return told(unix.Pwrite(fd, p[:n], offset))
}

// Sendfile is sendfile(2) from offset.
func Sendfile(to, from int, offset int64, n int) (int, syscall.Errno) {
	n, e := perhaps(n)
	if e != 0 {
		return 0, e
	}
	return told(unix.Sendfile(to, from, &offset, n))
}

// SpliceWait is splice(2) from a pipe; an offset of 0 or more says where in the file the bytes go.
func SpliceWait(from, to int, offset int64, n int) (int, syscall.Errno) {
	n, e := perhaps(n)
	if e != 0 {
		return 0, e
	}
	at := &offset
	if offset < 0 {
		at = nil
	}
	m, err := unix.Splice(from, nil, to, at, n, unix.SPLICE_F_MOVE)
	return told(int(m), err)
}

// SpliceShared is splice(2) without offsets, with flags.
func SpliceShared(from, to, n, flags int) (int, syscall.Errno) {
	n, e := perhaps(n)
	if e != 0 {
		return 0, e
	}
	m, err := unix.Splice(from, nil, to, nil, n, flags)
	return told(int(m), err)
}

func told(n int, err error) (int, syscall.Errno) {
	if err == nil {
		return n, 0
	}
	if e, ok := err.(syscall.Errno); ok {
		return 0, e
	}
	return 0, unix.EIO
}

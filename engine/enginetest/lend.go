package enginetest

import (
	"encoding/binary"
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// A producer may put pages into a pipe that are not the kernel's own. The functions of this file are such producers; they
// write all of a stream and block meanwhile, and the caller closes the pipe.

// Counter is a stream of so many bytes, a multiple of 8: little-endian words that count from 0, so that any loss, repeat or
// swap shows.
func Counter(bytes int) []byte {
	b := make([]byte, bytes)
	for i := range bytes / 8 {
		binary.LittleEndian.PutUint64(b[i*8:], uint64(i))
	}
	return b
}

// lent is how much LendMemory gives at a time, in bytes.
const lent = 64 << 10

// LendMemory writes the stream with vmsplice(2) from memory of twice the pipe's size, which it uses again and again, as the
// man page allows a producer that knows the size of its pipe: what is overwritten has left the pipe.
func LendMemory(pipe *os.File, data []byte) error {
	fd, size, err := blocking(pipe)
	if err != nil {
		return err
	}
	ring, err := unix.Mmap(-1, 0, 2*size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		return os.NewSyscallError("mmap", err)
	}
	defer unix.Munmap(ring) // what is in the pipe keeps its pages
	for at := 0; at < len(data); {
		piece := ring[at%len(ring):]
		piece = piece[:copy(piece[:min(lent, len(piece))], data[at:])]
		at += len(piece)
		if err := lend(fd, piece); err != nil {
			return err
		}
	}
	runtime.KeepAlive(pipe)
	return nil
}

// blocking returns the pipe's descriptor, on which writes wait from now on, and its size in bytes.
func blocking(pipe *os.File) (fd, size int, err error) {
	fd = int(pipe.Fd())
	if err := unix.SetNonblock(fd, false); err != nil {
		return fd, 0, os.NewSyscallError("fcntl F_SETFL", err)
	}
	size, err = unix.FcntlInt(uintptr(fd), unix.F_GETPIPE_SZ, 0)
	return fd, size, os.NewSyscallError("fcntl F_GETPIPE_SZ", err)
}

func lend(fd int, piece []byte) error {
	for len(piece) > 0 {
		v := unix.Iovec{Base: &piece[0]}
		v.SetLen(len(piece))
		n, err := unix.Vmsplice(fd, []unix.Iovec{v}, 0)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return os.NewSyscallError("vmsplice", err)
		}
		piece = piece[n:]
	}
	return nil
}

// LendFile writes the stream by splice(2) from a file of twice the pipe's size, which it writes anew again and again, as
// LendMemory does with its memory.
func LendFile(pipe *os.File, data []byte) error {
	fd, size, err := blocking(pipe)
	if err != nil {
		return err
	}
	file, err := memory(nil)
	if err != nil {
		return err
	}
	defer unix.Close(file)
	for at := 0; at < len(data); {
		place := at % (2 * size)
		piece := data[at:min(at+lent, len(data), at+2*size-place)]
		at += len(piece)
		if _, err := unix.Pwrite(file, piece, int64(place)); err != nil {
			return os.NewSyscallError("pwrite", err)
		}
		if err := lendFrom(file, int64(place), fd, len(piece)); err != nil {
			return err
		}
	}
	runtime.KeepAlive(pipe)
	return nil
}

func lendFrom(file int, at int64, pipe, n int) error {
	for n > 0 {
		moved, err := unix.Splice(file, &at, pipe, nil, n, 0)
		if err == unix.EINTR {
			continue
		}
		if err != nil || moved == 0 {
			return fmt.Errorf("splice gave %d: %w", moved, err)
		}
		n -= int(moved)
	}
	return nil
}

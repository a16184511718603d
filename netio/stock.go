package netio

import (
	"io"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"viamillipede/netio/internal/sys"
)

// Stock is a regular file that is written to and read from: what is in it at the start. Any goroutine may call its methods.
type Stock struct {
	fd   int
	size int64
}

// OpenStock makes a descriptor of its own for a regular file that fd is open for, for reading too.
func OpenStock(fd int) (*Stock, error) {
	own, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return nil, os.NewSyscallError("fcntl", err)
	}
	var st unix.Stat_t
	if err := unix.Fstat(own, &st); err != nil {
		unix.Close(own)
		return nil, os.NewSyscallError("fstat", err)
	}
	return &Stock{own, st.Size}, nil
}

// Size is how long the file was at the start, in bytes.
func (s *Stock) Size() int64 { return s.size }

// ReadAt is Source.ReadAt.
func (s *Stock) ReadAt(p []byte, offset int64) (int, error) {
	n, errno := again(func() (int, syscall.Errno) { return sys.Pread(s.fd, p, offset) })
	switch {
	case errno != 0:
		return 0, os.NewSyscallError("pread", errno)
	case n == 0:
		return 0, io.EOF
	}
	return n, nil
}

// NextData is Source.NextData. Nobody else writes at the offset of the file.
func (s *Stock) NextData(offset int64) int64 {
	at, err := unix.Seek(s.fd, offset, unix.SEEK_DATA)
	switch err {
	case nil:
		return at
	case unix.ENXIO:
		return max(offset, s.size)
	}
	return offset
}

// Close gives the descriptor back.
func (s *Stock) Close() error { return os.NewSyscallError("close", unix.Close(s.fd)) }

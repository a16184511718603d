package enginetest

import (
	"fmt"
	"io"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// Kind is what a source or a sink is.
type Kind int

// Kinds of a source or sink; a source is never one of the last three. See NewTerminal for one more.
const (
	KindPipe Kind = iota
	KindSocket
	KindFile
	KindAppend // a file that is written at its end
	KindNull   // the null device
	KindRelay  // a socket that does not block
)

func (k Kind) String() string {
	return [...]string{"pipe", "socket", "file", "append", "null", "relay"}[k]
}

// Stdio is a source or a sink: FD is the engine's side, Far the test's. Files have no far side: Far is nil.
type Stdio struct {
	FD   int
	Far  *os.File
	kept int // of a sink that is a file: reads what was written
}

// NewSource makes a source. Into a pipe or socket the test writes to Far; a file holds data already.
func NewSource(k Kind, data []byte) (*Stdio, error) {
	if k == KindFile {
		fd, err := memory(data)
		return &Stdio{FD: fd, kept: -1}, err
	}
	near, far, err := ends(k, true)
	return &Stdio{FD: near, Far: far, kept: -1}, err
}

// NoSource is for a stream that is made by its sender. The zero Stdio is not: it would close this process's standard input.
func NoSource() *Stdio { return &Stdio{FD: -1, kept: -1} }

// NewResetSource makes a source that is a TCP connection and fails, by a reset, when Far is closed.
func NewResetSource() (*Stdio, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	defer l.Close()
	far, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		return nil, err
	}
	defer far.Close()
	near, err := l.Accept()
	if err != nil {
		return nil, err
	}
	defer near.Close()
	if err := far.(*net.TCPConn).SetLinger(0); err != nil {
		return nil, err
	}
	f, err := far.(*net.TCPConn).File()
	if err != nil {
		return nil, err
	}
	n, err := near.(*net.TCPConn).File()
	if err != nil {
		f.Close()
		return nil, err
	}
	defer n.Close()
	fd, err := unix.FcntlInt(n.Fd(), unix.F_DUPFD_CLOEXEC, 3)
	return &Stdio{FD: fd, Far: f, kept: -1}, err
}

// NewSink makes a sink. What a pipe or socket takes, the test reads from Far; what a file takes, Content gives. What the
// null device takes is gone.
func NewSink(k Kind) (*Stdio, error) {
	if k == KindNull {
		fd, err := unix.Open(os.DevNull, unix.O_WRONLY|unix.O_CLOEXEC, 0)
		return &Stdio{FD: fd, kept: -1}, os.NewSyscallError("open", err)
	}
	if k != KindFile && k != KindAppend {
		near, far, err := ends(k, false)
		return &Stdio{FD: near, Far: far, kept: -1}, err
	}
	fd, err := memory(nil)
	if err != nil {
		return nil, err
	}
	if k == KindAppend {
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_SETFL, unix.O_APPEND); err != nil {
			return nil, os.NewSyscallError("fcntl", err)
		}
	}
	kept, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 3)
	return &Stdio{FD: fd, kept: kept}, err
}

// NewDiskSink makes a sink that is a file in the folder.
func NewDiskSink(dir string) (*Stdio, error) {
	fd, err := unix.Open(dir+"/sink", unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_CLOEXEC, 0o600)
	return &Stdio{FD: fd, kept: -1}, os.NewSyscallError("open", err)
}

// ends returns the engine's side, which blocks like what a shell makes, unless it is KindRelay, and the test's, which Go's poller waits for.
func ends(k Kind, source bool) (near int, far *os.File, err error) {
	var fds [2]int
	if k == KindSocket || k == KindRelay {
		fds, err = unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	} else {
		err = unix.Pipe2(fds[:], unix.O_CLOEXEC)
	}
	if err != nil {
		return -1, nil, fmt.Errorf("make a %v: %w", k, err)
	}
	if !source {
		fds[0], fds[1] = fds[1], fds[0]
	}
	for _, fd := range fds {
		if err := unix.SetNonblock(fd, fd == fds[1] || k == KindRelay); err != nil {
			return -1, nil, os.NewSyscallError("fcntl", err)
		}
	}
	return fds[0], os.NewFile(uintptr(fds[1]), k.String()), nil
}

// memory makes a regular file without a name.
func memory(data []byte) (int, error) {
	fd, err := unix.MemfdCreate("stdio", unix.MFD_CLOEXEC)
	if err != nil {
		return -1, os.NewSyscallError("memfd_create", err)
	}
	for at := 0; at < len(data); {
		n, err := unix.Pwrite(fd, data[at:], int64(at))
		if err != nil {
			return -1, os.NewSyscallError("pwrite", err)
		}
		at += n
	}
	return fd, nil
}

// Shrink makes the engine's side of a pipe or socket hold little, so that it is full soon. Call it after the engine has
// taken hold of the descriptor.
func (s *Stdio) Shrink(bytes int) {
	_, _ = unix.FcntlInt(uintptr(s.FD), unix.F_SETPIPE_SZ, bytes)
	_ = unix.SetsockoptInt(s.FD, unix.SOL_SOCKET, unix.SO_SNDBUF, bytes)
}

// Content is what a sink that is a file holds; nothing for any other.
func (s *Stdio) Content() ([]byte, error) {
	if s.kept < 0 {
		return nil, nil
	}
	var st unix.Stat_t
	if err := unix.Fstat(s.kept, &st); err != nil {
		return nil, os.NewSyscallError("fstat", err)
	}
	b := make([]byte, st.Size)
	for at := 0; at < len(b); {
		n, err := unix.Pread(s.kept, b[at:], int64(at))
		if err != nil {
			return nil, os.NewSyscallError("pread", err)
		}
		if n == 0 {
			return b[:at], io.ErrUnexpectedEOF
		}
		at += n
	}
	return b, nil
}

// Kept is a descriptor of a sink that is a file, which stays open as long as the Stdio; -1 for any other.
func (s *Stdio) Kept() int { return s.kept }

// CloseNear closes the engine's side.
func (s *Stdio) CloseNear() {
	if s.FD >= 0 {
		unix.Close(s.FD)
		s.FD = -1
	}
}

// Close closes what is open of both sides.
func (s *Stdio) Close() {
	s.CloseNear()
	if s.Far != nil {
		s.Far.Close()
	}
	if s.kept >= 0 {
		unix.Close(s.kept)
		s.kept = -1
	}
}

package netio

import (
	"errors"
	"io"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"viamillipede/netio/internal/sys"
)

// Place returns the offset at which the stream begins in the sink, if the sink is a regular file that can be written by
// position: it is not open for appending (O_APPEND, open(2)), and there are no bytes beyond the offset that a failed
// stream would have to leave alone. Pieces may then be written in any order and by any thread (WriteAt, EmptyAt).
func (s *Sink) Place() (begin int64, ok bool) {
	if !s.regular {
		return 0, false
	}
	if s.Appends() {
		return 0, false
	}
	begin, err := unix.Seek(s.fd, 0, io.SeekCurrent)
	if err != nil {
		return 0, false
	}
	var st unix.Stat_t
	if err := unix.Fstat(s.fd, &st); err != nil || st.Size > begin {
		return 0, false
	}
	return begin, true
}

// Appends reports whether the sink is open for appending (O_APPEND, open(2)).
func (s *Sink) Appends() bool {
	flags, err := unix.FcntlInt(uintptr(s.fd), unix.F_GETFL, 0)
	return err == nil && flags&unix.O_APPEND != 0
}

// Passes reports whether bytes may go to the sink through a pipe of ours, with Empty: the sink is a file, or a device
// that does not make us wait for a peer.
func (s *Sink) Passes() bool { return s.kind == kindFile }

// Relays reports whether bytes may go to the sink through a pipe of ours, with Offer: the sink is a socket whose description never waits
// (O_NONBLOCK), which for a socket SPLICE_F_NONBLOCK does not bring about.
func (s *Sink) Relays() bool {
	flags, err := unix.FcntlInt(uintptr(s.fd), unix.F_GETFL, 0)
	return s.kind == kindSocket && err == nil && flags&unix.O_NONBLOCK != 0
}

// Offer moves as much of what is in the pipe as a sink takes that Relays, without copying it; the rest stays there. (n > 0, nil); (0,
// ErrAgain): the consumer is behind; (0, *os.SyscallError): the sink failed, see BrokenPipe, unless the error is Unsupported.
func (s *Sink) Offer(p *Pipe) (int, error) {
	n, errno := again(func() (int, syscall.Errno) {
		return sys.SpliceShared(p.r, s.fd, p.held, unix.SPLICE_F_NONBLOCK|unix.SPLICE_F_MOVE) // it waits if others have cleared O_NONBLOCK since
	})
	n, err := s.trace.outcome("splice", s.fd, n, errno, false)
	p.held -= n
	return n, err
}

// TakePipe moves up to n bytes from the connection into the pipe without copying them. It returns what Recv returns, and
// ErrAgain also if the pipe has no slot left.
func (c *Conn) TakePipe(p *Pipe, n int) (int, error) {
	n, errno := again(func() (int, syscall.Errno) {
		return sys.Splice(c.fd, p.w, n, unix.SPLICE_F_NONBLOCK|unix.SPLICE_F_MOVE)
	})
	n, err := c.trace.outcome("splice", c.fd, n, errno, true)
	p.held += n
	return n, err
}

// Empty writes everything in the pipe to a sink that Passes. On an error, an *os.SyscallError, a part may have been
// written. It may wait for the medium.
func (s *Sink) Empty(p *Pipe) error { return s.empty(p, -1) }

// EmptyAt writes everything in the pipe at the given offset of a sink that has a Place. Errors are those of Empty.
func (s *Sink) EmptyAt(p *Pipe, offset int64) error { return s.empty(p, offset) }

// empty writes at the offset or, if that is negative, at the sink's own. A sink that refuses splice(2), such as a file
// open for appending, is written from memory instead: a refused call has moved nothing.
func (s *Sink) empty(p *Pipe, offset int64) error {
	for p.held > 0 {
		n, errno := again(func() (int, syscall.Errno) { return sys.SpliceWait(p.r, s.fd, offset, p.held) })
		n, err := s.trace.outcome("splice", s.fd, n, errno, true)
		if Unsupported(err) {
			s.Refuse()
			return s.copyOut(p, offset)
		}
		if err == io.EOF {
			err = os.NewSyscallError("splice", unix.EIO) // it took nothing and did not say why
		}
		if err != nil {
			return err
		}
		p.held -= n
		if offset >= 0 {
			offset += int64(n)
		}
	}
	return nil
}

// copyOut does the work of empty through memory.
func (s *Sink) copyOut(p *Pipe, offset int64) error {
	b := make([]byte, p.held)
	for at := 0; at < len(b); {
		n, err := p.Read(b[at:])
		if err != nil {
			return err
		}
		at += n
	}
	for len(b) > 0 {
		n, err := s.writeAt(b, offset)
		if err != nil {
			return err
		}
		b = b[n:]
		if offset >= 0 {
			offset += int64(n)
		}
	}
	return nil
}

// WriteAt writes the beginning of p at the given offset of a sink that has a Place. It returns what Write returns.
func (s *Sink) WriteAt(p []byte, offset int64) (int, error) { return s.writeAt(p, offset) }

func (s *Sink) writeAt(p []byte, offset int64) (int, error) {
	if offset < 0 {
		return s.Write(p)
	}
	n, err := again(func() (int, syscall.Errno) { return sys.Pwrite(s.fd, p, offset) })
	return s.trace.outcome("pwrite", s.fd, n, err, false)
}

// Reserve makes the file system allocate n bytes from offset on without making the file longer (FALLOC_FL_KEEP_SIZE,
// fallocate(2)), where that is cheap: not on tmpfs, which would fill memory with pages at once. Leave frees what is not
// used; after a SIGKILL it stays allocated. On an error, an *os.SyscallError, some of it may be allocated all the same.
func (s *Sink) Reserve(offset, n int64) error {
	var fs unix.Statfs_t
	if err := unix.Fstatfs(s.fd, &fs); err != nil || fs.Type == unix.TMPFS_MAGIC {
		return os.NewSyscallError("fstatfs", err)
	}
	return os.NewSyscallError("fallocate", unix.Fallocate(s.fd, unix.FALLOC_FL_KEEP_SIZE, offset, n))
}

// Skip leaves a hole of n bytes at an offset of a sink that has a Place, or at the sink's own offset if that is negative. Whatever was
// there reads as zeros afterwards, and the file reaches to the end of the hole. An error that is Unsupported: nothing was done, because
// the sink is not a file that can be written by position, or its file system knows no holes and has something there: zeros have to be
// written. Others are an *os.SyscallError. It may wait for the medium.
func (s *Sink) Skip(offset, n int64) error {
	if !s.regular || s.Appends() {
		return errors.ErrUnsupported
	}
	at := offset
	if offset < 0 {
		var err error
		if at, err = unix.Seek(s.fd, 0, io.SeekCurrent); err != nil {
			return os.NewSyscallError("lseek", err)
		}
	}
	if err := s.hollow(at, n); err != nil || offset >= 0 {
		return err
	}
	_, err := unix.Seek(s.fd, at+n, io.SeekStart)
	return os.NewSyscallError("lseek", err)
}

// hollow does the work of Skip at an offset. The file is made longer by its last byte, whose block is freed again: ftruncate(2) would
// cut off what another thread has meanwhile written behind it.
func (s *Sink) hollow(at, n int64) error {
	var st unix.Stat_t
	if err := unix.Fstat(s.fd, &st); err != nil {
		return os.NewSyscallError("fstat", err)
	}
	if st.Size < at+n {
		if _, err := s.writeAt([]byte{0}, at+n-1); err != nil {
			return err
		}
	}
	err := os.NewSyscallError("fallocate", unix.Fallocate(s.fd, unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, at, n))
	if Unsupported(err) && st.Size <= at {
		return nil // there was nothing
	}
	return err
}

// Tail is where a stream may begin in a sink that has a Place without overwriting what others have written meanwhile: at
// the offset or at the end of the file, whichever is later.
func (s *Sink) Tail() (begin int64, ok bool) {
	begin, err := unix.Seek(s.fd, 0, io.SeekCurrent)
	if err != nil {
		return 0, false
	}
	var st unix.Stat_t
	if err := unix.Fstat(s.fd, &st); err != nil {
		return 0, false
	}
	return max(begin, st.Size), true
}

// Leave truncates the file to end, unless the file is shorter, or extends beyond reach, the end of what we wrote: then
// somebody else has written there. Space allocated beyond the end of the file is freed.
func (s *Sink) Leave(end, reach int64) error {
	var st unix.Stat_t
	if err := unix.Fstat(s.fd, &st); err != nil {
		return os.NewSyscallError("fstat", err)
	}
	if st.Size > reach {
		return nil
	}
	return os.NewSyscallError("ftruncate", unix.Ftruncate(s.fd, min(end, st.Size)))
}

// SeekTo sets the offset of a regular file, to where a program that writes on expects it. An error is an
// *os.SyscallError.
func (s *Sink) SeekTo(offset int64) error {
	_, err := unix.Seek(s.fd, offset, io.SeekStart)
	return os.NewSyscallError("lseek", err)
}

// At reports whether the offset of a regular file is still where it was left: nobody else has written through the same
// open file description.
func (s *Sink) At(offset int64) bool {
	now, err := unix.Seek(s.fd, 0, io.SeekCurrent)
	return err == nil && now == offset
}

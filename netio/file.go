package netio

import (
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"viamillipede/netio/internal/sys"
)

// Extent gives the part of the source that is the stream, when it is a regular file with bytes beyond its offset: they are
// then read by their place (ReadAt, Conn.SendFile), any number of times and by any thread. A file that says it is empty, or
// does not have its last byte, is read as a stream: those of proc(5) and sysfs(5) say so whatever they hold.
func (s *Source) Extent() (from, length int64, ok bool) {
	if !s.regular {
		return 0, 0, false
	}
	from, err := unix.Seek(s.fd, 0, io.SeekCurrent)
	if err != nil {
		return 0, 0, false
	}
	size := s.Size()
	if size <= from {
		return 0, 0, false
	}
	if _, err := s.ReadAt(make([]byte, 1), size-1); err != nil {
		return 0, 0, false
	}
	return from, size - from, true
}

// Size is how long the source, a regular file, is now; -1 when that cannot be told.
func (s *Source) Size() int64 {
	var st unix.Stat_t
	if err := unix.Fstat(s.fd, &st); err != nil {
		return -1
	}
	return st.Size
}

// Stamp is what shows that a regular file has changed: its length, and when its bytes and its inode last did (statx(2)). What
// is written through a mapping shows once the kernel has to do with it, and what is written within one step of the file
// system's clock, some 4 ms before Linux 6.13, may not.
type Stamp struct {
	size         int64
	bytes, inode unix.Timespec // when they last changed
	names        uint64
}

// Stamp gives the stamp of the source, a regular file, as it is now. An error is an *os.SyscallError.
func (s *Source) Stamp() (Stamp, error) {
	var st unix.Stat_t
	if err := unix.Fstat(s.fd, &st); err != nil {
		return Stamp{}, os.NewSyscallError("fstat", err)
	}
	return Stamp{st.Size, st.Mtim, st.Ctim, uint64(st.Nlink)}, nil
}

// Since says for people what has changed since an earlier stamp, "" for nothing. A file that was given another name, or lost
// one, has not changed, as far as its bytes show.
func (now Stamp) Since(then Stamp) string {
	switch {
	case now.size != then.size:
		return fmt.Sprintf("it had %d bytes, and has %d", then.size, now.size)
	case now.bytes != then.bytes:
		return "it was written to at " + clock(now.bytes)
	case now.inode != then.inode && now.names == then.names:
		return "its inode changed at " + clock(now.inode)
	}
	return ""
}

func clock(t unix.Timespec) string { return time.Unix(t.Unix()).Format("15:04:05.000000") }

// ReadAt reads what fits into p from the given place of a regular file (pread(2)). (n > 0, nil); (0, io.EOF): the file ends
// before it; (0, *os.SyscallError): the source failed. It may wait for the medium.
func (s *Source) ReadAt(p []byte, offset int64) (int, error) {
	n, err := again(func() (int, syscall.Errno) { return sys.Pread(s.fd, p, offset) })
	return s.trace.outcome("pread", s.fd, n, err, true)
}

// readyStep is how far apart the bytes are that Ready tries: what is read ahead comes in order.
const readyStep = 256 << 10

// Ready reports whether n bytes of a regular file, 1 or more, could be read now without waiting for the medium, as far as a few
// of them tell. known is false where the file system cannot say (RWF_NOWAIT, preadv2(2)).
func (s *Source) Ready(offset int64, n int) (ready, known bool) {
	for at := n - 1; ; at = max(0, at-readyStep) {
		switch got, err := sys.PreadNow(s.fd, offset+int64(at)); {
		case err == unix.EAGAIN, err == 0 && got == 0:
			return false, true
		case err != 0:
			return false, false
		}
		if at == 0 {
			return true, true
		}
	}
}

// Fetch has n bytes of a regular file read into the page cache, without copying them. It waits for the medium. What cannot be
// read is for a later call to report.
func (s *Source) Fetch(offset int64, n int) {
	null, err := unix.Open(os.DevNull, unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return
	}
	defer unix.Close(null)
	for n > 0 {
		got, errno := again(func() (int, syscall.Errno) { return sys.Sendfile(null, s.fd, offset, n) })
		if errno != 0 || got == 0 {
			return
		}
		offset += int64(got)
		n -= got
	}
}

// Leave puts the offset of a regular file behind what was sent, where a program that reads on would expect it.
func (s *Source) Leave(offset int64) { _, _ = unix.Seek(s.fd, offset, io.SeekStart) }

// SendFile sends up to n bytes of a regular file from its page cache (sendfile(2)), as much as the socket takes. (n > 0,
// nil); (0, ErrAgain): no room now; (0, io.EOF): the file ends before offset; (0, *os.SyscallError): the connection is lost,
// or the file cannot be read there, or the error is Unsupported. It may wait for the medium.
func (c *Conn) SendFile(s *Source, offset int64, n int) (int, error) {
	n, errno := again(func() (int, syscall.Errno) { return sys.Sendfile(c.fd, s.fd, offset, n) })
	return c.trace.outcome("sendfile", c.fd, n, errno, true)
}

// SendMore writes p, and says that more follows at once, so that it need not leave in a packet of its own (MSG_MORE,
// send(2)). It answers like Send.
func (c *Conn) SendMore(p []byte) (int, error) {
	n, err := again(func() (int, syscall.Errno) { return sys.Send(c.fd, p, unix.MSG_MORE|unix.MSG_NOSIGNAL) })
	return c.trace.outcome("sendto", c.fd, n, err, false)
}

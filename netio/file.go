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

// IsFile reports whether fd is a regular file.
func IsFile(fd int) bool {
	var st unix.Stat_t
	return unix.Fstat(fd, &st) == nil && st.Mode&unix.S_IFMT == unix.S_IFREG
}

// IsPipe reports whether fd is a pipe.
func IsPipe(fd int) bool {
	var st unix.Stat_t
	return unix.Fstat(fd, &st) == nil && st.Mode&unix.S_IFMT == unix.S_IFIFO
}

// Extent returns the part of the source that is the stream, if it is a regular file with bytes beyond its offset: those
// can then be read by position (ReadAt, Conn.SendFile), any number of times and by any thread. A file that claims to be
// empty, or whose last byte cannot be read, is read as a stream: files of proc(5) and sysfs(5) report such sizes whatever
// they hold.
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

// Size is the present length of the source, a regular file; -1 if that is not known.
func (s *Source) Size() int64 {
	var st unix.Stat_t
	if err := unix.Fstat(s.fd, &st); err != nil {
		return -1
	}
	return st.Size
}

// Stamp shows whether a regular file has changed: its length, and when its bytes and its inode last changed (statx(2)). A
// write through a mapping shows only once the kernel notices it, and a write within one tick of the file system's clock,
// about 4 ms before Linux 6.13, may not show.
type Stamp struct {
	size         int64
	bytes, inode unix.Timespec // when they last changed
	names        uint64
	name         string // by which it was opened, or the one that it was given since; "": not known
}

// Stamp returns the present stamp of the source, a regular file. An error is an *os.SyscallError.
func (s *Source) Stamp() (Stamp, error) {
	var st unix.Stat_t
	if err := unix.Fstat(s.fd, &st); err != nil {
		return Stamp{}, os.NewSyscallError("fstat", err)
	}
	name, _ := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", s.fd)) // proc_pid_fd(5): as it is now
	return Stamp{st.Size, st.Mtim, st.Ctim, uint64(st.Nlink), name}, nil
}

// Since says for people what has changed since an earlier stamp; "" if nothing has. Being renamed, or gaining or losing one
// of its names, does not count as a change, though it changes the inode.
func (now Stamp) Since(then Stamp) string {
	switch {
	case now.size != then.size:
		return fmt.Sprintf("it had %d bytes, and has %d", then.size, now.size)
	case now.bytes != then.bytes:
		return "it was written to at " + clock(now.bytes)
	case now.inode != then.inode && now.names == then.names && now.name == then.name:
		return "its inode changed at " + clock(now.inode)
	}
	return ""
}

func clock(t unix.Timespec) string { return time.Unix(t.Unix()).Format("15:04:05.000000") }

// ReadAt reads up to len(p) bytes of a regular file from offset (pread(2)). (n > 0, nil); (0, io.EOF): the file ends
// before offset; (0, *os.SyscallError): the source failed. It may wait for the medium.
func (s *Source) ReadAt(p []byte, offset int64) (int, error) {
	n, err := again(func() (int, syscall.Errno) { return sys.Pread(s.fd, p, offset) })
	return s.trace.outcome("pread", s.fd, n, err, true)
}

// readyStep is the distance between the bytes that Ready tries: readahead brings in the pages in order.
const readyStep = 256 << 10

// Ready reports whether n bytes of a regular file, 1 or more, could be read now without waiting for the medium. It tries
// only a few of them. known is false where the file system cannot say (RWF_NOWAIT, preadv2(2)).
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

// Fetch reads n bytes of a regular file into the page cache without copying them to us. It waits for the medium. An error
// is left to a later call to report.
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

// NextData is where the first data at or after an offset of a regular file begins (SEEK_DATA, lseek(2)); the end of the file if only a
// hole follows. Where the file system cannot say, everything is data. It moves the file's offset, and may wait for the medium.
func (s *Source) NextData(offset int64) int64 {
	at, err := unix.Seek(s.fd, offset, unix.SEEK_DATA)
	switch err {
	case nil:
		return at
	case unix.ENXIO:
		return max(offset, s.Size())
	}
	return offset
}

// NextHole is where the first hole at or after an offset of a regular file begins (SEEK_HOLE, lseek(2)); the end of the file if none
// follows. It moves the file's offset, and may wait for the medium.
func (s *Source) NextHole(offset int64) int64 {
	at, err := unix.Seek(s.fd, offset, unix.SEEK_HOLE)
	if err != nil {
		return max(offset, s.Size())
	}
	return at
}

// Leave sets the offset of a regular file to the end of what was sent, where a program that reads on expects it.
func (s *Source) Leave(offset int64) { _, _ = unix.Seek(s.fd, offset, io.SeekStart) }

// SendFile sends up to n bytes of a regular file from its page cache (sendfile(2)), as much as the socket takes. (n > 0,
// nil); (0, ErrAgain): no room now; (0, io.EOF): the file ends before offset; (0, *os.SyscallError): the connection is lost,
// or the file cannot be read there, or the error is Unsupported. It may wait for the medium.
func (c *Conn) SendFile(s *Source, offset int64, n int) (int, error) {
	n, errno := again(func() (int, syscall.Errno) { return sys.Sendfile(c.fd, s.fd, offset, n) })
	return c.trace.outcome("sendfile", c.fd, n, errno, true)
}

// SendMore is Send, and tells the kernel that more follows at once, so that what does not fill a packet need not leave in one of its
// own (MSG_MORE, send(2)). Until then, or until Push, it waits. It returns what Send returns.
func (c *Conn) SendMore(a, b []byte) (int, error) {
	const flags = unix.MSG_MORE | unix.MSG_NOSIGNAL
	if len(b) == 0 {
		n, err := again(func() (int, syscall.Errno) { return sys.Send(c.fd, a, flags) })
		return c.trace.outcome("sendto", c.fd, n, err, false)
	}
	n, err := again(func() (int, syscall.Errno) { return sys.Sendmsg(c.fd, a, b, flags) })
	return c.trace.outcome("sendmsg", c.fd, n, err, false)
}

// Push has what waits since SendMore leave (TCP_NODELAY, tcp(7), which Go sets on each connection).
func (c *Conn) Push() {
	if c.tcp {
		_ = unix.SetsockoptInt(c.fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	}
}

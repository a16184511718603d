// Package local opens sockets for programs on the same host.
package local

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"syscall"
	"time"
)

// Listener listens at a path.
type Listener struct {
	*net.UnixListener
	path string
	file os.FileInfo // that it has made
}

// Close ends it, and removes its file; one that somebody else has put in its place stays.
func (l *Listener) Close() error {
	if st, err := os.Lstat(l.path); err == nil && os.SameFile(st, l.file) { // the listener holds the file, whose number is no other one's
		_ = os.Remove(l.path)
	}
	return l.UnixListener.Close()
}

// Listen listens at a path; permissions are those of the socket, less the umask. A socket that nobody listens at any more is replaced. The
// error is what the kernel says, without the path.
func Listen(path string, permissions os.FileMode) (*Listener, error) {
	if strings.HasPrefix(path, "@") {
		path = "./" + path // it is a file, and no name in the abstract namespace
	}
	l, err := listen(path, permissions)
	if err != nil && removeAbandoned(path) {
		l, err = listen(path, permissions)
	}
	return l, Cause(err)
}

func listen(path string, permissions os.FileMode) (*Listener, error) {
	c := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) (err error) {
		failed := raw.Control(func(fd uintptr) {
			err = syscall.Fchmod(int(fd), uint32(permissions)) // bind(2) gives them to the file: there is no moment in which it has others
		})
		return errors.Join(failed, err)
	}}
	l, err := c.Listen(context.Background(), "unix", path)
	if err != nil {
		return nil, err
	}
	unix := l.(*net.UnixListener)
	unix.SetUnlinkOnClose(false)
	st, err := os.Lstat(path)
	if err != nil {
		unix.Close()
		return nil, err
	}
	return &Listener{unix, path, st}, nil
}

// removeAbandoned removes a socket at which nobody listens, and reports whether it did.
func removeAbandoned(path string) bool {
	st, err := os.Lstat(path)
	if err != nil || st.Mode()&os.ModeSocket == 0 || !abandoned(path) {
		return false
	}
	now, err := os.Lstat(path)
	return err == nil && os.SameFile(st, now) && os.Remove(path) == nil // it may be that of a program which has just begun
}

// abandoned reports whether nobody listens at a socket.
func abandoned(path string) bool {
	c, err := net.DialTimeout("unix", path, time.Second)
	if err == nil {
		c.Close()
	}
	return errors.Is(err, syscall.ECONNREFUSED)
}

// Cause is an error without what the user has said; nil: there is none.
func Cause(err error) error {
	if e, ok := errors.AsType[*os.SyscallError](err); ok {
		return e.Err
	}
	if e, ok := errors.AsType[*os.PathError](err); ok {
		return e.Err
	}
	return err
}

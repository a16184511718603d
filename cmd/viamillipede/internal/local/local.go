// Package local opens sockets for programs on the same host.
//
//	local.go  a socket is made, and one that was left behind goes
//	lock.go   one program at a time does that in a folder
package local

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
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

// Listen listens at a path; permissions are those of the socket, less the umask. A socket that nobody listens at any more is replaced. Of
// programs that try at the same moment, one succeeds. The error is what the kernel says, without the path, or that others keep the folder
// locked.
func Listen(path string, permissions os.FileMode) (*Listener, error) {
	if strings.HasPrefix(path, "@") {
		path = "./" + path // it is a file, and no name in the abstract namespace
	}
	free, err := lock(filepath.Dir(path), lockMost)
	if err != nil {
		return nil, err
	}
	defer free()
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

// Sweep removes a socket at which nobody listens, if there is one.
func Sweep(path string) {
	free, err := lock(filepath.Dir(path), lockMost)
	if err != nil {
		return
	}
	defer free()
	removeAbandoned(path)
}

// removeAbandoned is Sweep under the lock of the folder, and reports whether it did.
func removeAbandoned(path string) bool {
	st, err := os.Lstat(path)
	if err != nil || st.Mode()&os.ModeSocket == 0 || !abandoned(path) {
		return false
	}
	now, err := os.Lstat(path)
	return err == nil && os.SameFile(st, now) && os.Remove(path) == nil // where folders take no locks, it may be that of another program
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

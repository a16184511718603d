// Package local opens sockets for programs on the same host.
package local

import (
	"context"
	"errors"
	"net"
	"os"
	"syscall"
	"time"
)

// Listen listens at a path, which goes when the listener is closed; permissions are those of the socket, less the umask. A socket that nobody
// listens at any more is replaced. The error is what the kernel says, without the path.
func Listen(path string, permissions os.FileMode) (*net.UnixListener, error) {
	l, err := listen(path, permissions)
	if err != nil && abandoned(path) && os.Remove(path) == nil {
		l, err = listen(path, permissions)
	}
	return l, Cause(err)
}

func listen(path string, permissions os.FileMode) (*net.UnixListener, error) {
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
	return l.(*net.UnixListener), nil
}

// abandoned reports whether a file is a socket at which nobody listens.
func abandoned(path string) bool {
	st, err := os.Lstat(path)
	if err != nil || st.Mode()&os.ModeSocket == 0 {
		return false
	}
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
	return err
}

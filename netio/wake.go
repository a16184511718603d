package netio

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"viamillipede/netio/internal/sys"
)

// Wake ends another thread's Poller.Wait: an eventfd(2) that is watched there.
type Wake struct{ fd int }

// NewWake makes a Wake; the caller closes it.
func NewWake() (*Wake, error) {
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return nil, os.NewSyscallError("eventfd", err)
	}
	return &Wake{fd: fd}, nil
}

// FD is the descriptor to watch for Readable.
func (w *Wake) FD() int { return w.fd }

// Signal makes the descriptor readable until Clear. Any goroutine may call it. An eventfd that can take no more is
// readable already, so there is no error to report.
func (w *Wake) Signal() {
	one := uint64(1)
	_, _ = again(func() (int, syscall.Errno) { return 0, sys.EventAdd(w.fd, &one) })
}

// Clear makes the descriptor unreadable; every Signal before it is answered by what the caller does next.
func (w *Wake) Clear() {
	var sum uint64
	_, _ = again(func() (int, syscall.Errno) { return 0, sys.EventTake(w.fd, &sum) })
}

// Close frees the descriptor. Nobody may call Signal during or after it.
func (w *Wake) Close() error { return os.NewSyscallError("close", unix.Close(w.fd)) }

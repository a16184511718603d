package netio

import (
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"viamillipede/netio/internal/sys"
)

// Wake ends another thread's Poller.Wait: it is an eventfd(2) watched by the Poller. Any goroutine may call any of its
// methods; once it is closed they do nothing, since the descriptor's number may be reused.
type Wake struct {
	mu sync.RWMutex // read-locked by whoever uses fd
	fd int          // -1 once closed; guarded by mu
}

// NewWake makes a Wake; the caller closes it.
func NewWake() (*Wake, error) {
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return nil, os.NewSyscallError("eventfd", err)
	}
	return &Wake{fd: fd}, nil
}

// FD is the descriptor to watch for Readable, -1 once it is closed.
func (w *Wake) FD() int {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return w.fd
}

// Signal makes the descriptor readable until Clear. An eventfd that can take no more is readable already, so there is no
// error to report.
func (w *Wake) Signal() {
	one := uint64(1)
	w.use(func(fd int) syscall.Errno { return sys.EventAdd(fd, &one) })
}

// Clear makes the descriptor unreadable again. What the caller does next answers every Signal before it.
func (w *Wake) Clear() {
	var sum uint64
	w.use(func(fd int) syscall.Errno { return sys.EventTake(fd, &sum) })
}

func (w *Wake) use(call func(fd int) syscall.Errno) {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.fd >= 0 {
		_, _ = again(func() (int, syscall.Errno) { return 0, call(w.fd) })
	}
}

// Close frees the descriptor. (os.ErrClosed): it was already closed.
func (w *Wake) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return closeOnce(&w.fd)
}

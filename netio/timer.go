package netio

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Timer ends a Poller.Wait at a time finer than its milliseconds: it is a timerfd(2) watched by the Poller.
type Timer struct{ fd int }

// NewTimer makes a Timer that is not set; the caller closes it.
func NewTimer() (*Timer, error) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC|unix.TFD_NONBLOCK)
	if err != nil {
		return nil, os.NewSyscallError("timerfd_create", err)
	}
	return &Timer{fd: fd}, nil
}

// FD is the descriptor to watch for Readable, with Edge: nothing needs to be read from it.
func (t *Timer) FD() int { return t.fd }

// Set makes the descriptor readable after d, at once if d is not positive. It replaces what was set before.
func (t *Timer) Set(d time.Duration) error {
	when := unix.ItimerSpec{Value: unix.NsecToTimespec(max(d, 1).Nanoseconds())} // 0 would be never
	return os.NewSyscallError("timerfd_settime", unix.TimerfdSettime(t.fd, 0, &when, nil))
}

// Close frees the descriptor. (os.ErrClosed): it was already closed. The other methods fail afterwards.
func (t *Timer) Close() error { return closeOnce(&t.fd) }

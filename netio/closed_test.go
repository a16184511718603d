package netio

import (
	"errors"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// What is closed leaves the number that it had alone: it may be something else's by then.
func TestClosedNumbersAreLeftAlone(t *testing.T) {
	wake, err := NewWake()
	if err != nil {
		t.Fatal(err)
	}
	poll, err := NewPoller()
	if err != nil {
		t.Fatal(err)
	}
	timer, err := NewTimer()
	if err != nil {
		t.Fatal(err)
	}
	pipes, err := NewPipes(1<<16, 2, nil)
	if err != nil {
		t.Fatal(err)
	}
	pipe := pipes.Get()
	if _, err := unix.Write(pipe.w, make([]byte, 10)); err != nil {
		t.Fatal(err)
	}
	pipe.held = 10
	null := pipes.null
	numbers := []int{wake.fd, poll.fd, timer.fd, null}
	wake.Close()
	poll.Close()
	timer.Close()
	pipes.Close()
	for _, n := range numbers { // each of them a counter now, that takes what is written, and gives what is read
		fd, err := unix.Eventfd(1, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
		if err == nil && fd != n {
			err = errors.Join(unix.Dup3(fd, n, unix.O_CLOEXEC), unix.Close(fd))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	wake.Signal()
	wake.Clear()
	if err := poll.Add(wake.FD(), Readable, 0); err == nil {
		t.Error("a closed Poller watches")
	}
	if err := timer.Set(1); err == nil {
		t.Error("a closed Timer is set")
	}
	pipes.Put(pipe)
	for name, err := range map[string]error{"wake": wake.Close(), "poller": poll.Close(), "timer": timer.Close()} {
		if !errors.Is(err, os.ErrClosed) {
			t.Errorf("%s: closed again: %v", name, err)
		}
	}
	pipes.Close()
	if pipe.r >= 0 || pipe.w >= 0 || pipes.Get() != nil {
		t.Error("a pipe is left when all are closed")
	}
	for _, n := range numbers {
		var b [8]byte
		if _, err := unix.Read(n, b[:]); err != nil || b[0] != 1 {
			t.Errorf("descriptor %d was used: %v, it holds %d", n, err, b[0])
		}
		unix.Close(n)
	}
}

package enginetest

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// Consumer is a program that moves a pipe into a socket with splice(2), as long as there is something. While nobody reads the
// socket and it is full, it waits inside, and has the pipe's lock, like a Neighbour.
type Consumer struct {
	pipe, into int
	far        *os.File
	left       chan struct{}
	ballast    int // bytes in the socket that are not the pipe's
}

// Consume puts a consumer to work on a pipe, once that has so many bytes, at least one, and returns when it holds the lock: its
// socket is full from the start. The caller calls Close.
func Consume(pipe *os.File, bytes int) (*Consumer, error) {
	raw, err := pipe.SyscallConn()
	if err != nil {
		return nil, err
	}
	c := &Consumer{pipe: -1, left: make(chan struct{})}
	if e := raw.Control(func(fd uintptr) { c.pipe, err = awaitBytes(int(fd), bytes) }); e != nil || err != nil {
		return nil, errors.Join(e, err)
	}
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socketpair", err)
	}
	_ = unix.SetNonblock(fds[1], true)
	c.into, c.far = fds[0], os.NewFile(uintptr(fds[1]), "consumer")
	if c.ballast, err = fill(c.into); err != nil {
		return nil, err
	}
	thread := make(chan int)
	go c.consume(thread)
	return c, asleep(<-thread)
}

// awaitBytes waits until a pipe has so many bytes. It returns an open file description of the pipe that blocks.
func awaitBytes(fd, bytes int) (int, error) {
	for end := time.Now().Add(intrusionMost); ; time.Sleep(time.Millisecond) {
		n, err := unix.IoctlGetInt(fd, unix.SIOCINQ) // FIONREAD
		if err != nil {
			return -1, os.NewSyscallError("ioctl", err)
		}
		if n >= bytes {
			break
		}
		if time.Now().After(end) {
			return -1, fmt.Errorf("the pipe has only %d bytes", n)
		}
	}
	own, err := unix.Open(fmt.Sprintf("/proc/self/fd/%d", fd), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	return own, os.NewSyscallError("open", err)
}

func (c *Consumer) consume(thread chan<- int) {
	defer close(c.left)
	runtime.LockOSThread() // never unlocked: the thread ends here
	thread <- unix.Gettid()
	for {
		n, err := unix.Splice(c.pipe, nil, c.into, nil, 1<<20, 0)
		if n == 0 || err != nil && err != unix.EINTR {
			break
		}
	}
	_ = unix.Shutdown(c.into, unix.SHUT_WR)
}

// fill writes to a socket until it takes nothing more, and returns how many bytes that were.
func fill(fd int) (n int, err error) {
	for {
		m, err := unix.SendmsgN(fd, make([]byte, 512), nil, nil, unix.MSG_DONTWAIT)
		if err == unix.EAGAIN {
			return n, nil
		}
		if err != nil {
			return n, os.NewSyscallError("sendmsg", err)
		}
		n += m
	}
}

// Read reads what the consumer has consumed.
func (c *Consumer) Read(p []byte) (int, error) {
	_, err := io.CopyN(io.Discard, c.far, int64(c.ballast))
	if c.ballast = 0; err != nil {
		return 0, err
	}
	return c.far.Read(p)
}

// Leave makes the consumer let go of the pipe: it ends with the next bytes that it would give away.
func (c *Consumer) Leave() { c.far.Close() }

// Close waits for the consumer's end, after Leave or at the end of the pipe, and gives back what it had.
func (c *Consumer) Close() {
	c.far.Close()
	<-c.left
	_, _ = unix.Close(c.pipe), unix.Close(c.into)
}

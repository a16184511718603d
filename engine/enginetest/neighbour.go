package enginetest

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// intrusionMost bounds the wait until somebody is inside.
const intrusionMost = 30 * time.Second

// Neighbour is another program that has the write end of a pipe and waits inside splice(2): it holds the pipe's lock, and
// whoever reads, writes or closes that pipe sleeps in the kernel until it leaves, whatever O_NONBLOCK and signals say.
type Neighbour struct {
	pipe, waits, far int
	left             chan struct{}
	leave            sync.Once
}

// Intrude makes a neighbour enter the pipe, and returns when it holds the lock. The pipe must have room. The caller calls
// Leave.
func Intrude(pipe int) (*Neighbour, error) {
	// An open file description of its own, which blocks.
	own, err := unix.Open(fmt.Sprintf("/proc/self/fd/%d", pipe), unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("open", err)
	}
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socketpair", err)
	}
	n := &Neighbour{pipe: own, waits: fds[0], far: fds[1], left: make(chan struct{})}
	thread := make(chan int)
	go func() {
		defer close(n.left)
		runtime.LockOSThread() // never unlocked: the thread ends here
		thread <- unix.Gettid()
		_, _ = unix.Splice(n.waits, nil, n.pipe, nil, 1, 0)
	}()
	return n, asleep(<-thread)
}

// Leave makes the neighbour let go of the pipe, into which it has put nothing. It may be called twice.
func (n *Neighbour) Leave() {
	n.leave.Do(func() {
		_ = unix.Shutdown(n.far, unix.SHUT_RDWR) // an end of the stream: splice returns 0
		<-n.left
		for _, fd := range []int{n.pipe, n.waits, n.far} {
			_ = unix.Close(fd)
		}
	})
}

// asleep waits until the thread sleeps inside splice(2).
func asleep(thread int) error {
	task := fmt.Sprintf("/proc/self/task/%d/", thread)
	for end := time.Now().Add(intrusionMost); time.Now().Before(end); time.Sleep(time.Millisecond) {
		call, err := os.ReadFile(task + "syscall")
		if err != nil {
			return err
		}
		if strings.HasPrefix(string(call), fmt.Sprint(unix.SYS_SPLICE)+" ") {
			return nil
		}
	}
	return fmt.Errorf("thread %d does not get into splice", thread)
}

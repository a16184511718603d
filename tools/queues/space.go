package main

import (
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// space is a network namespace with a /sys of its own, and the thread that lives there. Processes are started from that
// thread: it lasts as long as the namespace does, and its end is what PR_SET_PDEATHSIG tells them.
type space struct {
	net  *os.File      // the namespace
	work chan func()   // run on the thread, one at a time
	done chan struct{} // closed by the thread's goroutine on its way out
}

// newSpace makes an empty namespace. The goroutine's thread must be another than the process's first, which cannot end: the
// first goroutine sits on that one.
func newSpace() (*space, error) {
	s := &space{work: make(chan func()), done: make(chan struct{})}
	ready := make(chan error, 1)
	go s.live(ready)
	return s, <-ready
}

func (s *space) live(ready chan<- error) {
	defer close(s.done)
	runtime.LockOSThread() // and never unlocked: the thread ends with this goroutine
	err := s.enter()
	ready <- err
	if err != nil {
		return
	}
	for f := range s.work {
		f()
	}
}

// enter has the thread leave for new namespaces of network and mounts: /sys shows the devices of one network.
func (s *space) enter() error {
	if err := unix.Unshare(unix.CLONE_NEWNET | unix.CLONE_NEWNS); err != nil {
		return os.NewSyscallError("unshare", err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("keep mounts to ourselves: %w", err)
	}
	if err := unix.Mount("queues", "/sys", "sysfs", 0, ""); err != nil {
		return fmt.Errorf("mount /sys: %w", err)
	}
	var err error
	s.net, err = os.Open(fmt.Sprintf("/proc/self/task/%d/ns/net", unix.Gettid()))
	return err
}

// do runs f on the thread and gives its error.
func (s *space) do(f func() error) error {
	result := make(chan error, 1)
	s.work <- func() { result <- f() }
	return <-result
}

// close ends the thread; the namespace goes with the last process in it.
func (s *space) close() {
	close(s.work)
	<-s.done
	s.net.Close()
}

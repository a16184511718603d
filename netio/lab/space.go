package lab

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"syscall"

	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

var errClosed = errors.New("the lab is closed")

// space is a network namespace and the thread that lives in it. Programs are started from that thread: it lasts as
// long as the namespace does, and its end is what PR_SET_PDEATHSIG tells them.
type space struct {
	ns   netns.NsHandle
	work chan func()   // run on the thread, one at a time; never closed
	stop chan struct{} // closed by close
	done chan struct{} // closed by the thread's goroutine on its way out
}

// newSpace makes an empty namespace, with a /sys of its own for the programs that are started there, if so. The error is EPERM without
// CAP_SYS_ADMIN, or what unshare(2) says.
func newSpace(sysfs bool) (*space, error) {
	s := &space{work: make(chan func()), stop: make(chan struct{}), done: make(chan struct{})}
	ready := make(chan error, 1)
	onOwnThread(func() { s.live(ready, sysfs) })
	if err := <-ready; err != nil {
		return nil, err
	}
	return s, nil
}

func (s *space) live(ready chan<- error, sysfs bool) {
	defer close(s.done)
	ns, err := netns.New()
	s.ns = ns
	if err == nil && sysfs {
		if err = mountSysfs(); err != nil {
			ns.Close()
		}
	}
	ready <- err
	if err != nil {
		return
	}
	for {
		select {
		case f := <-s.work:
			f()
		case <-s.stop:
			return
		}
	}
}

// do runs f on the thread in the namespace and gives its error, or errClosed. It must not wait for anything but the
// kernel: a second caller waits for it.
func (s *space) do(f func() error) error {
	result := make(chan error, 1)
	select {
	case s.work <- func() { result <- f() }:
		return <-result
	case <-s.stop:
		return errClosed
	}
}

// mountSysfs has the calling thread see the devices of its network namespace below /sys, and with it whatever it starts. Nobody else
// does: the thread's mounts are its own from then on.
func mountSysfs() error {
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		return os.NewSyscallError("unshare", err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return os.NewSyscallError("mount /", err)
	}
	return os.NewSyscallError("mount /sys", unix.Mount("lab", "/sys", "sysfs", 0, ""))
}

// errLeft says that a visitor did not come back: a test that has failed or was skipped ends the goroutine.
var errLeft = errors.New("the goroutine has ended")

// visit runs f on a thread of its own in the namespace, for calls that may wait, and gives its error, or errLeft.
func (s *space) visit(f func() error) error {
	result := make(chan error, 1)
	onOwnThread(func() {
		err := errLeft
		defer func() { result <- err }()
		if failed := netns.Set(s.ns); failed != nil {
			err = os.NewSyscallError("setns", failed)
			return
		}
		err = f()
	})
	return <-result
}

// file names the namespace for other programs; it is one of this process's descriptors.
func (s *space) file() string { return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), s.ns) }

// close ends the thread and lets go of the namespace. No visit may be under way.
func (s *space) close() {
	close(s.stop)
	<-s.done
	s.ns.Close()
}

// onOwnThread runs f in a goroutine of its own, on a thread that ends with it, so that a namespace which f enters can
// never be met by other goroutines. The process's first thread cannot end (and /proc/self stands for it), so f is kept
// away from that one: while the first goroutine sits on it, the second gets another.
func onOwnThread(f func()) {
	go func() {
		runtime.LockOSThread()
		if syscall.Gettid() != os.Getpid() {
			f()
			return
		}
		settled := make(chan struct{})
		go func() {
			runtime.LockOSThread()
			close(settled)
			f()
		}()
		<-settled
		runtime.UnlockOSThread()
	}()
}

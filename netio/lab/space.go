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

// space is a network namespace and the thread that lives in it. Programs are started from that thread, since it lasts as
// long as the namespace: its end triggers their PR_SET_PDEATHSIG.
type space struct {
	ns   netns.NsHandle
	work chan func()   // run on the thread, one at a time; never closed
	stop chan struct{} // closed by close
	done chan struct{} // closed by the thread's goroutine on its way out
}

// newSpace makes an empty namespace, if sysfs with a /sys of its own for the programs started there. The error is EPERM
// without CAP_SYS_ADMIN, or another of unshare(2).
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

// do runs f on the thread in the namespace and returns its error, or errClosed. f must wait for nothing but the kernel,
// since a second caller waits for it.
func (s *space) do(f func() error) error {
	result := make(chan error, 1)
	select {
	case s.work <- func() { result <- f() }:
		return <-result
	case <-s.stop:
		return errClosed
	}
}

// mountSysfs shows the calling thread, and whatever it starts, the devices of its network namespace below /sys. Nobody
// else sees them: the thread has its own mounts from then on.
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

// visit runs f on a separate thread in the namespace, for calls that may wait, and returns its error, or errLeft.
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

// close ends the thread and releases the namespace. No visit may be in progress.
func (s *space) close() {
	close(s.stop)
	<-s.done
	s.ns.Close()
}

// onOwnThread runs f in a separate goroutine, on a thread that ends with it, so that no other goroutine can get into a
// namespace that f enters. The process's first thread cannot end (and /proc/self stands for it), so f must not run there:
// while one goroutine occupies it, a second one gets another thread.
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

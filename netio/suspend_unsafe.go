package netio

import (
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// signalSetSize is that of the kernel's sigset_t, in bytes.
const signalSetSize = 8

// Suspend stops this process as SIGTSTP does by default (^Z), and returns when it is continued, or at once where nobody could do that:
// its process group is orphaned. What the program has arranged for the signal is in force again then. os/signal cannot do this: it never
// gives a signal back to the kernel.
func Suspend() error {
	runtime.LockOSThread() // the signal is for this thread, so that it is delivered before tgkill returns
	defer runtime.UnlockOSThread()
	var initial, before [4]uint64 // the kernel's struct sigaction: SIG_DFL and no flags are all zero
	if err := setAction(&initial, &before); err != nil {
		return err
	}
	err := unix.Tgkill(unix.Getpid(), unix.Gettid(), unix.SIGTSTP)
	if again := setAction(&before, nil); again != nil {
		return again
	}
	return err
}

// setAction sets what SIGTSTP does, and keeps in old, unless it is nil, what it did before.
func setAction(to, old *[4]uint64) error {
	_, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(unix.SIGTSTP), uintptr(unsafe.Pointer(to)), uintptr(unsafe.Pointer(old)),
		signalSetSize, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}

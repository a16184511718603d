package lab

import (
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// hoardMost bounds the pipes of a hoard: the test cannot work for a user whose budget is larger.
const hoardMost = 4096

// HoardPipes uses up a user's budget for pipes (pipe-user-pages-soft, pipe(7)), as another program of that user would:
// with pipes of 1 MiB. A pipe counts against the user who makes it, so a thread that becomes the user makes them. The
// function that it returns gives them back.
func HoardPipes(uid int) (giveBack func(), err error) {
	var all []int
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlock: the thread ends with the goroutine
		if _, _, e := unix.RawSyscall(unix.SYS_SETRESUID, uintptr(uid), uintptr(uid), uintptr(uid)); e != 0 {
			err = os.NewSyscallError("setresuid", e)
			return
		}
		all, err = fillBudget()
	}()
	<-done
	return func() {
		for _, fd := range all {
			unix.Close(fd)
		}
	}, err
}

func fillBudget() (all []int, err error) {
	const size = 1 << 20
	for range hoardMost {
		var fds [2]int
		if err := unix.Pipe2(fds[:], unix.O_CLOEXEC); err != nil {
			return all, os.NewSyscallError("pipe2", err)
		}
		all = append(all, fds[:]...)
		if _, err := unix.FcntlInt(uintptr(fds[0]), unix.F_SETPIPE_SZ, size); err != nil {
			return all, nil // that was the last one allowed
		}
	}
	return all, nil
}

package probe

import (
	"errors"
	"fmt"
	"math"
	"os"

	"golang.org/x/sys/unix"
)

// Pipe asks for a pipe of want bytes (F_SETPIPE_SZ, fcntl(2)) and returns the size that it gets. If that is less, the
// error is the kernel's reason: EPERM means that the user's budget is used up or that want is above fs.pipe-max-size
// (pipe(7)).
func Pipe(want int) (size int, err error) {
	r, w, err := newPipe()
	if err != nil {
		return 0, err
	}
	defer closeAll(r, w)
	_, set := unix.FcntlInt(uintptr(w), unix.F_SETPIPE_SZ, want)
	size, err = unix.FcntlInt(uintptr(w), unix.F_GETPIPE_SZ, 0)
	return size, errors.Join(os.NewSyscallError("fcntl F_SETPIPE_SZ", set), os.NewSyscallError("fcntl F_GETPIPE_SZ", err))
}

// Unlimited stands for the absence of a limit.
const Unlimited = math.MaxUint64

// LockedMemory is how many bytes the user may lock (RLIMIT_MEMLOCK, getrlimit(2)); memory being sent with MSG_ZEROCOPY
// counts as locked. Unlimited means no limit. It ignores CAP_IPC_LOCK, which lifts the limit.
func LockedMemory() (uint64, error) { return limit(unix.RLIMIT_MEMLOCK) }

// OpenFiles is how many descriptors the process may have (RLIMIT_NOFILE, getrlimit(2)). The Go runtime raised it to the
// hard limit when the program began.
func OpenFiles() (uint64, error) { return limit(unix.RLIMIT_NOFILE) }

func limit(which int) (uint64, error) {
	var l unix.Rlimit
	if err := unix.Getrlimit(which, &l); err != nil {
		return 0, os.NewSyscallError("getrlimit", err)
	}
	return l.Cur, nil
}

// ZeroCopy tries whether a TCP socket may send with MSG_ZEROCOPY (SO_ZEROCOPY, socket(7)).
func ZeroCopy() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if errors.Is(err, unix.EAFNOSUPPORT) {
		fd, err = unix.Socket(unix.AF_INET6, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	}
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	defer closeAll(fd)
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ZEROCOPY, 1); err != nil {
		return fmt.Errorf("SO_ZEROCOPY: %w", os.NewSyscallError("setsockopt", err))
	}
	return nil
}

package host

import (
	"os"

	"golang.org/x/sys/unix"
)

// Files is how many descriptors the process may have.
type Files struct {
	Limit int // RLIMIT_NOFILE (getrlimit(2)); Unlimited if there is none
	Room  int // how many more can be opened
}

// Spare is how many more descriptors can be opened, at most n, by opening that many. It asks the kernel alone, without Go's
// poller, which ends the program where there is none for it.
func Spare(n int) int {
	var fds []int
	defer func() {
		for _, fd := range fds {
			_ = unix.Close(fd)
		}
	}()
	for range n {
		fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC)
		if err != nil {
			break
		}
		fds = append(fds, fd)
	}
	return len(fds)
}

// Files reads the limit. The Go runtime raised it to the hard limit when the program began; a child process gets the
// original limit.
func (r Root) Files() Files {
	var l unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &l) != nil || l.Cur > Unlimited {
		return Files{Unlimited, Unlimited}
	}
	most := int(l.Cur)
	entries, err := os.ReadDir(r.Path("proc/self/fd"))
	open := len(entries) - 1 // one of them is the folder's own
	if err != nil {
		open = 3
	}
	return Files{most, max(0, most-open)}
}

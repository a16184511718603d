package local

import (
	"errors"
	"os"
	"syscall"
	"time"
)

// Of programs that begin at the same moment, each may find the socket that another one has bound and does not listen at yet, or that of a
// program which was killed. So whoever makes a socket, or removes one of somebody else, holds a lock on its folder meanwhile. It is one
// of flock(2): it leaves nothing behind, and ends with its holder.

const (
	// lockMost is how long others may hold it: each does for some microseconds.
	lockMost = 5 * time.Second
	// lockPause is how long nobody looks whether it is free.
	lockPause = 2 * time.Millisecond
)

// errLocked is why nothing is done in a folder.
var errLocked = errors.New("another program has locked the folder")

// lock locks a folder, until free is called. A folder that cannot be read, or takes no locks, is left unlocked. The error is errLocked, after
// so long.
func lock(dir string, atMost time.Duration) (free func(), err error) {
	f, err := os.OpenFile(dir, syscall.O_DIRECTORY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return func() {}, nil
	}
	for begun := time.Now(); ; time.Sleep(lockPause) {
		switch err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); {
		case err == nil:
			return func() { f.Close() }, nil
		case errors.Is(err, syscall.EINTR):
		case !errors.Is(err, syscall.EWOULDBLOCK):
			f.Close()
			return func() {}, nil
		case time.Since(begun) >= atMost:
			f.Close()
			return nil, errLocked
		}
	}
}

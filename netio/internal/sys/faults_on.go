//go:build faults

package sys

import (
	"math/rand/v2"
	"syscall"
)

// perhaps makes every call short one time in four and interrupts it one time in eight, as the kernel may do at any time.
// It is for tests alone: the program is not built with this tag.
func perhaps(n int) (int, syscall.Errno) {
	switch r := rand.Uint32(); {
	case r%8 == 0:
		return 0, syscall.EINTR
	case r%4 == 1 && n > 1:
		return 1 + rand.IntN(n), 0
	}
	return n, 0
}

// interrupted is perhaps for a call that the kernel never makes short: it interrupts one time in eight.
func interrupted() syscall.Errno {
	if rand.Uint32()%8 == 0 {
		return syscall.EINTR
	}
	return 0
}

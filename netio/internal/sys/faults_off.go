//go:build !faults

package sys

import "syscall"

// perhaps is how much of n a call shall be asked for; with the build tag faults, sometimes less, or an interruption.
func perhaps(n int) (int, syscall.Errno) { return n, 0 }

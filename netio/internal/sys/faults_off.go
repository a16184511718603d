//go:build !faults

package sys

import "syscall"

// perhaps is how many of n bytes to ask a call for; with the build tag faults, sometimes fewer, or an interruption.
func perhaps(n int) (int, syscall.Errno) { return n, 0 }

// interrupted is an interruption at times, with the build tag faults; else 0.
func interrupted() syscall.Errno { return 0 }

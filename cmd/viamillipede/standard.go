package main

import (
	"os"
	"syscall"

	"viamillipede/engine"
)

// The descriptors of the stream's two ends, and of what is said.
const (
	standardInput  = 0
	standardOutput = 1
	standardError  = 2
)

// checkStandard reports why the descriptor of standard input or output cannot be an end of a stream, or nil. mode is
// syscall.O_RDONLY or syscall.O_WRONLY. The error is an *engine.Error of engine.StatusLocalPipe.
//
// A descriptor that was closed when the program began is never found closed: the Go runtime has put /dev/null there,
// open for both directions (runtime/fds_unix.go, checkfds). Read from, that would be a stream of 0 bytes; written to,
// it would swallow the stream, and both sides would report success. So exactly that is assumed to be a closed descriptor;
// what a user redirects from or to /dev/null is open for one direction. Python, Node and docker open it for both, which is
// accepted where nothing can be lost: lossless says that the stream is checked, and not kept.
func checkStandard(fd uintptr, mode int, lossless bool) error {
	name := [...]string{"standard input", "standard output"}[fd]
	flags, _, errno := syscall.Syscall(syscall.SYS_FCNTL, fd, syscall.F_GETFL, 0)
	if errno != 0 {
		return localPipe(name+" is closed", os.NewSyscallError("fcntl", errno))
	}
	access := int(flags) & syscall.O_ACCMODE
	if access == syscall.O_RDWR && isNull(fd) && !lossless {
		return localPipe(name+" is closed (or is /dev/null, open for reading and writing at once)", nil)
	}
	if access != mode && access != syscall.O_RDWR {
		return localPipe(name+" is open for the wrong direction", nil)
	}
	return nil
}

// isNull reports whether fd is the null device.
func isNull(fd uintptr) bool {
	var here, null syscall.Stat_t
	if syscall.Fstat(int(fd), &here) != nil || syscall.Stat(os.DevNull, &null) != nil {
		return false
	}
	return here.Mode&syscall.S_IFMT == syscall.S_IFCHR && here.Rdev == null.Rdev
}

func localPipe(reason string, err error) error {
	return &engine.Error{Status: engine.StatusLocalPipe, Reason: reason, Err: err}
}

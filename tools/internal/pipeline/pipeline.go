// Package pipeline runs a stream from a producer to a consumer, each a process of its own as the user's are, and measures it:
//
//	producer | tx -> rx | consumer
//
//	plan.go      what a stream is made of, and in what order it is started
//	stream.go    it is waited for, and what it cost
//	process.go   a process is started, and ended with its stream
//	cost.go      what a process cost
//	peak.go      the most memory that it had
//	listen.go    when somebody listens on a port, and which port nobody listens on
//	main.go      what a program that starts processes does first and last
//
// It is for developers' programs: viamillipede itself measures streams without other programs (bench/run).
package pipeline

import (
	"os"

	"golang.org/x/sys/unix"
)

// Pipe makes a pipe whose ends block, as those of a shell do.
func Pipe() (r, w *os.File, err error) {
	var p [2]int
	if err := unix.Pipe2(p[:], unix.O_CLOEXEC); err != nil {
		return nil, nil, os.NewSyscallError("pipe2", err)
	}
	return os.NewFile(uintptr(p[0]), "pipe, read end"), os.NewFile(uintptr(p[1]), "pipe, write end"), nil
}

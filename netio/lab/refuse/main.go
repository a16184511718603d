// Command refuse runs a program for which the kernel refuses the system calls that move pages by reference:
//
//	refuse EPERM|ENOSYS program [argument ...]
//
// The filter is a real one (seccomp(2)), like those of container runtimes.
package main

import (
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// refused are the calls refused; all others are allowed.
var refused = []uint32{unix.SYS_SPLICE, unix.SYS_TEE, unix.SYS_VMSPLICE, unix.SYS_SENDFILE, unix.SYS_BPF}

func main() {
	if err := run(os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "refuse:", err)
		os.Exit(125)
	}
}

func run(with string, argv []string) error {
	errno := map[string]unix.Errno{"EPERM": unix.EPERM, "ENOSYS": unix.ENOSYS}[with]
	runtime.LockOSThread() // the filter is for this thread, which becomes the program
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return os.NewSyscallError("prctl PR_SET_NO_NEW_PRIVS", err)
	}
	if err := install(filter(errno)); err != nil {
		return os.NewSyscallError("prctl PR_SET_SECCOMP", err)
	}
	return os.NewSyscallError("execve", unix.Exec(argv[0], argv, os.Environ()))
}

// filter answers the refused calls with errno. The number of the call is the first word of struct seccomp_data.
func filter(errno unix.Errno) []unix.SockFilter {
	const (
		load   = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
		equal  = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
		answer = unix.BPF_RET | unix.BPF_K
	)
	f := []unix.SockFilter{{Code: load, K: 0}}
	for i, call := range refused {
		f = append(f, unix.SockFilter{Code: equal, Jt: uint8(len(refused) - i), K: call})
	}
	return append(f,
		unix.SockFilter{Code: answer, K: unix.SECCOMP_RET_ALLOW},
		unix.SockFilter{Code: answer, K: unix.SECCOMP_RET_ERRNO | uint32(errno)},
	)
}

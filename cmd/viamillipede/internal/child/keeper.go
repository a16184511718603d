package child

import (
	"encoding/binary"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"
)

// keeperName is the keeper's name, which ps shows before its command.
const keeperName = "viamillipede-exec"

// The keeper's descriptors, beside those that are the program's standard ones.
const (
	controlFD = 3 // a socket to viamillipede
	inputFD   = 4 // a copy of the program's input, if it has one of ours
)

// What goes over the socket: a byte from viamillipede, and from the keeper a byte and what belongs to it.
const (
	wordRelease = 'E' // the input is whole: the keeper closes its copy

	wordExited  = 'S' // the shell has ended: its wait status, 4 bytes
	wordNoShell = 'F' // there is no shell: why, as text
)

// Grace is how long a program has from SIGTERM to SIGKILL.
const Grace = 5 * time.Second

// prSetChildSubreaper is PR_SET_CHILD_SUBREAPER of prctl(2).
const prSetChildSubreaper = 36

// Keep does a keeper's work and ends the process, if this process is one. A program that has Children calls it first.
func Keep() {
	if len(os.Args) == 2 && os.Args[0] == keeperName {
		keep(os.Args[1])
		os.Exit(0)
	}
}

// keep runs a command, and returns when it is to end: by then its process group is gone, or is about to be.
func keep(command string) {
	runtime.LockOSThread() // for as long as the process lives: PR_SET_PDEATHSIG is about the thread that forks
	// The signals of its group do not end it. Those that viamillipede ignores are not ignored here: the program would inherit that.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGPIPE,
		syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGTTOU)
	syscall.CloseOnExec(controlFD)
	syscall.CloseOnExec(inputFD)
	// What the program leaves behind becomes a child of the keeper, which so knows when nobody is left. Old kernels refuse; then it
	// only knows less.
	_, _, _ = syscall.RawSyscall(syscall.SYS_PRCTL, prSetChildSubreaper, 1, 0)
	pid, err := syscall.ForkExec("/bin/sh", []string{"sh", "-c", command}, &syscall.ProcAttr{
		Env: os.Environ(), Files: []uintptr{0, 1, 2}, Sys: &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL},
	})
	letGo()
	if err != nil {
		tell(wordNoShell, []byte(err.Error()))
		return
	}
	alone := make(chan struct{})
	go reap(pid, alone)
	heed()
	_ = syscall.Kill(0, syscall.SIGTERM) // the keeper too, which does not mind
	_ = syscall.Kill(0, syscall.SIGCONT)
	late := time.NewTimer(Grace)
	select {
	case <-alone:
	case <-late.C:
		_ = syscall.Kill(0, syscall.SIGKILL)
	}
}

// letGo replaces the ends of the program's pipes, which are its alone from now on.
func letGo() {
	null, err := syscall.Open(os.DevNull, syscall.O_RDWR|syscall.O_CLOEXEC, 0)
	for fd := range 2 {
		if err != nil {
			_ = syscall.Close(fd)
			continue
		}
		_ = syscall.Dup3(null, fd, 0)
	}
}

// reap waits for the shell, whose status it tells, and for everybody else of its group that it is left with; then it closes alone.
func reap(shell int, alone chan<- struct{}) {
	for {
		var s syscall.WaitStatus
		pid, err := syscall.Wait4(0, &s, 0, nil)
		switch {
		case err == syscall.EINTR:
		case err != nil:
			close(alone)
			return
		case pid == shell:
			tell(wordExited, binary.LittleEndian.AppendUint32(nil, uint32(s)))
		}
	}
}

// tell tells viamillipede, which may be gone.
func tell(word byte, more []byte) { _, _ = syscall.Write(controlFD, append([]byte{word}, more...)) }

// heed does what viamillipede says, until it says that all is over, or is gone.
func heed() {
	for {
		var word [1]byte
		n, err := syscall.Read(controlFD, word[:])
		switch {
		case err == syscall.EINTR:
		case err != nil || n == 0:
			return
		case word[0] == wordRelease:
			_ = syscall.Close(inputFD)
		}
	}
}

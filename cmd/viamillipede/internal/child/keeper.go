package child

import (
	"encoding/binary"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"
)

// terminalWord stands behind the command of a program that has a terminal.
const terminalWord = "pty"

// keeperName is the keeper's name, which ps shows before its command.
const keeperName = "viamillipede-exec"

// The keeper's descriptors, beside those that are the program's standard ones.
const (
	controlFD = 3 // a socket to viamillipede
	inputFD   = 4 // a copy of the program's input, or of the near end of its terminal, if it has one of ours
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
	if len(os.Args) < 2 || os.Args[0] != keeperName {
		return
	}
	if len(os.Args) > 2 {
		keepTerminal(os.Args[1])
	} else {
		keep(os.Args[1])
	}
	os.Exit(0)
}

// keep runs a command, and returns when it is to end: by then its process group is gone, or is about to be.
func keep(command string) {
	begin()
	// What the program leaves behind becomes a child of the keeper, which so knows when nobody is left. Old kernels refuse; then it
	// only knows less.
	_, _, _ = syscall.RawSyscall(syscall.SYS_PRCTL, prSetChildSubreaper, 1, 0)
	pid, ok := shell(command, syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}, 2)
	if !ok {
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

// keepTerminal is keep for a command that has a terminal: its shell leads a session of its own there, as after a login. When it is to end,
// the terminal hangs up; what does not care for that is left, except the shell and its process group.
func keepTerminal(command string) {
	begin()
	pid, ok := shell(command, syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setsid: true, Setctty: true}, 3)
	if !ok {
		return
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		var s syscall.WaitStatus
		for {
			if _, err := syscall.Wait4(pid, &s, 0, nil); err != syscall.EINTR {
				break
			}
		}
		tellStatus(s)
	}()
	heed()
	select {
	case <-ended:
		return // its number may be another's
	default:
	}
	for _, s := range []syscall.Signal{syscall.SIGHUP, syscall.SIGCONT} {
		_ = syscall.Kill(-pid, s)
	}
	select {
	case <-ended:
	case <-time.After(Grace):
		_ = syscall.Kill(-pid, syscall.SIGKILL)
	}
}

// begin prepares the process for its work.
func begin() {
	runtime.LockOSThread() // for as long as the process lives: PR_SET_PDEATHSIG is about the thread that forks
	// The signals of its group do not end it. Those that viamillipede ignores are not ignored here: the program would inherit that.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGPIPE,
		syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGTTOU)
	syscall.CloseOnExec(controlFD)
	syscall.CloseOnExec(inputFD)
}

// shell starts the shell, and lets go of so many of its standard files. false: there is none, as viamillipede has been told.
func shell(command string, attr syscall.SysProcAttr, standard int) (pid int, ok bool) {
	pid, err := syscall.ForkExec("/bin/sh", []string{"sh", "-c", command}, &syscall.ProcAttr{
		Env: os.Environ(), Files: []uintptr{0, 1, 2}, Sys: &attr,
	})
	letGo(standard)
	if err != nil {
		tell(wordNoShell, []byte(err.Error()))
	}
	return pid, err == nil
}

// letGo replaces the ends of the program's pipes, or its terminal, which are its alone from now on.
func letGo(standard int) {
	null, err := syscall.Open(os.DevNull, syscall.O_RDWR|syscall.O_CLOEXEC, 0)
	for fd := range standard {
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
			tellStatus(s)
		}
	}
}

// tellStatus tells viamillipede how the shell has ended.
func tellStatus(s syscall.WaitStatus) {
	tell(wordExited, binary.LittleEndian.AppendUint32(nil, uint32(s)))
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

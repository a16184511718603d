package child

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"syscall"
	"time"

	"viamillipede/netio/host"
)

// Threads is how many are to be left to a command: its keeper has up to 9, as measured, the shell 1, and a few are for what that runs.
// With less than threadsLeast it is not tried: Go would end the keeper, in words of its own.
const (
	Threads      = 14
	threadsLeast = 10
)

// Child is a command that a shell runs. Its methods may be called by any goroutine.
type Child struct {
	command string
	sink    int // viamillipede writes what the program reads; -1: that is the null device
	source  int // viamillipede reads what the program writes; -1: that goes to standard output
	said    int // what else it writes goes there; -1: to standard output and standard error

	terminal *terminal // that it has in place of pipes; nil: none

	started chan struct{} // closed once it runs
	exited  chan struct{} // closed once its exit status is known

	mu      sync.Mutex
	theirs  [2]int   // its standard input and output, until it runs; -1: not ours to close. Guarded by mu, as is all below
	control *os.File // the socket to its keeper; nil: it does not run
	pid     int      // its keeper, and the process group
	reaped  bool     // the keeper
	gone    chan struct{}
	over    bool  // it is to run no more
	failure error // how it ended; nil: with 0. Known once exited is closed, as is status
	code    uint8 // its status, as a shell has it
}

// New makes the pipes of a command that reads what comes in, or writes what goes out, or both; it does not run yet.
func New(command string, reads, writes bool) (*Child, error) {
	c := &Child{
		command: command, sink: -1, source: -1, said: -1, theirs: [2]int{-1, -1},
		started: make(chan struct{}), exited: make(chan struct{}), gone: make(chan struct{}),
	}
	var p [2]int
	if reads {
		if err := syscall.Pipe2(p[:], syscall.O_CLOEXEC); err != nil {
			return nil, os.NewSyscallError("pipe2", err)
		}
		c.theirs[0], c.sink = p[0], p[1]
	}
	if writes {
		if err := syscall.Pipe2(p[:], syscall.O_CLOEXEC); err != nil {
			c.Close()
			return nil, os.NewSyscallError("pipe2", err)
		}
		c.source, c.theirs[1] = p[0], p[1]
	}
	return c, nil
}

// Sink is the descriptor of what the program reads, and Source that of what it writes; -1: there is none. They stay the Child's.
func (c *Child) Sink() int { return c.sink }

// Source is described at Sink.
func (c *Child) Source() int { return c.source }

// Divert has what the program writes, apart from a stream, go to a descriptor in place of standard output and standard error. It stays the
// caller's. Call it before Start.
func (c *Child) Divert(fd int) { c.said = fd }

// Feed writes all that the program is to read, and has it see the end of that. It waits for the program to read, or to end. Call it
// once, after Start, and nothing else writes to Sink.
func (c *Child) Feed(p []byte) {
	c.mu.Lock()
	fd := c.sink
	c.sink = -1
	c.mu.Unlock()
	for len(p) > 0 {
		n, err := syscall.Write(fd, p)
		if err != nil && err != syscall.EINTR {
			break // the program has ended, or reads no more
		}
		p = p[max(n, 0):]
	}
	_ = syscall.Close(fd)
	_ = c.Release(context.Background()) // it has been started
}

// Start runs the command, with more in its environment. Errors: it cannot be run; or End has been called.
func (c *Child) Start(environment ...string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over || c.control != nil {
		return fmt.Errorf("%s has been ended", Quote(c.command))
	}
	// What is ours comes first: of two assignments the keeper, which is a Go program, takes the first.
	if err := c.run(append(environment, os.Environ()...)); err != nil {
		return fmt.Errorf("%s cannot be run: %w", Quote(c.command), err)
	}
	close(c.started)
	go c.follow()
	return nil
}

// enough returns an error if there are too few threads for a command, by the limits read below root.
func enough(root host.Root) error {
	if t := root.Threads(); t.Room < threadsLeast {
		return fmt.Errorf("%s allows %d more threads, and at least %d are needed", t.By, t.Room, threadsLeast)
	}
	return nil
}

// run starts the keeper; under mu.
func (c *Child) run(environment []string) error {
	if err := enough("/"); err != nil {
		return err
	}
	ends, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("socketpair", err)
	}
	defer syscall.Close(ends[1])
	files := []uintptr{0, 1, 2, uintptr(ends[1])}
	if c.said >= 0 {
		files[1], files[2] = uintptr(c.said), uintptr(c.said)
	}
	words := []string{keeperName, c.command}
	if t := c.terminal; t != nil {
		far := t.far.Fd() // which makes it wait, as a program expects of its terminal
		files[0], files[1], files[2] = far, far, far
		files, words = append(files, descriptor(t.near)), append(words, terminalWord)
	} else if c.sink >= 0 {
		files[0] = uintptr(c.theirs[0])
		files = append(files, uintptr(c.sink))
	} else {
		null, err := syscall.Open(os.DevNull, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
		if err != nil {
			syscall.Close(ends[0])
			return os.NewSyscallError("open", err)
		}
		defer syscall.Close(null)
		files[0] = uintptr(null)
	}
	if c.source >= 0 && c.terminal == nil {
		files[1] = uintptr(c.theirs[1])
	}
	c.pid, err = syscall.ForkExec("/proc/self/exe", words, &syscall.ProcAttr{
		Env: environment, Files: files, Sys: &syscall.SysProcAttr{Setsid: true},
	})
	if err != nil {
		syscall.Close(ends[0])
		return err
	}
	c.closeTheirs()
	if c.terminal != nil {
		c.terminal.run()
	}
	_ = syscall.SetNonblock(ends[0], true) // so that Close ends a Read
	c.control = os.NewFile(uintptr(ends[0]), "keeper")
	return nil
}

// closeTheirs closes the program's ends of the pipes; under mu.
func (c *Child) closeTheirs() {
	for i, fd := range c.theirs {
		if fd >= 0 {
			_ = syscall.Close(fd)
		}
		c.theirs[i] = -1
	}
}

// follow waits until the program has ended, and then until its keeper has.
func (c *Child) follow() {
	code, err := c.status()
	c.mu.Lock()
	c.failure, c.code = err, code
	c.mu.Unlock()
	close(c.exited)
	if c.terminal != nil {
		c.terminal.ended()
	}
	if err != nil {
		c.hangUp() // nobody is to hold its end of a pipe
	}
	_, _ = io.Copy(io.Discard, c.control)
	c.kill() // it is gone, or the socket is closed: then it is about to be
	for {
		if _, err := syscall.Wait4(c.pid, nil, 0, nil); err != syscall.EINTR {
			break
		}
	}
	c.mu.Lock()
	c.reaped = true
	c.mu.Unlock()
	close(c.gone)
}

// status reads what the keeper says of the end of the program.
func (c *Child) status() (code uint8, err error) {
	var said [512]byte
	n, _ := io.ReadAtLeast(c.control, said[:], 5)
	switch {
	case n >= 5 && said[0] == wordExited:
		s := syscall.WaitStatus(binary.LittleEndian.Uint32(said[1:]))
		return codeOf(s), outcome(c.command, s)
	case n > 1 && said[0] == wordNoShell:
		return noStatus, fmt.Errorf("%s cannot be run: %s", Quote(c.command), said[1:n])
	}
	return noStatus, fmt.Errorf("%s was ended together with its keeper", Quote(c.command))
}

// hangUp tells the keeper that all is over.
func (c *Child) hangUp() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.control != nil {
		conn, err := c.control.SyscallConn()
		if err == nil {
			_ = conn.Control(func(fd uintptr) { _ = syscall.Shutdown(int(fd), syscall.SHUT_WR) })
		}
	}
}

// kill kills the process group, if there may be one.
func (c *Child) kill() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.control != nil && !c.reaped {
		_ = syscall.Kill(-c.pid, syscall.SIGKILL)
	}
}

// Exit waits for the end of the program, and says what was wrong with it; nil: it has exited with 0. An error of ctx: it has not ended.
func (c *Child) Exit(ctx context.Context) error {
	select {
	case <-c.exited:
	case <-ctx.Done():
		return ctx.Err()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.failure
}

// Code is the status that the program has ended with, as a shell has it: above 128 after a signal, and 255 where it is not known. Exit
// has returned.
func (c *Child) Code() uint8 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.code
}

// Release lets the program see the end of its input once Sink is closed. It waits until the program runs. Errors: that of ctx.
func (c *Child) Release(ctx context.Context) error {
	select {
	case <-c.started:
	case <-ctx.Done():
		return ctx.Err()
	}
	if c.terminal != nil {
		return c.terminal.release(ctx)
	}
	if _, err := c.control.Write([]byte{wordRelease}); err != nil && !errors.Is(err, syscall.EPIPE) {
		return err
	}
	return nil
}

// End ends the program and its process group, if they are there, and lets it run no more. It returns when that is done, which takes
// Grace at most, and a moment. What the program reads stays open until Close.
func (c *Child) End() {
	c.mu.Lock()
	c.over = true
	runs := c.control != nil
	c.mu.Unlock()
	if !runs {
		return
	}
	c.hangUp()
	select {
	case <-c.gone:
		return
	case <-time.After(Grace + time.Second):
	}
	c.kill()
	select {
	case <-c.gone:
	case <-time.After(time.Second): // it is stuck in the kernel
	}
}

// Close closes all descriptors; call it after End.
func (c *Child) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closeTheirs()
	for _, fd := range []*int{&c.sink, &c.source} {
		if *fd >= 0 {
			_ = syscall.Close(*fd)
		}
		*fd = -1
	}
	if c.control != nil && c.reaped {
		c.control.Close()
	}
	if c.terminal != nil {
		c.terminal.close()
	}
}

// descriptor is the number of a file, which stays as it is: Fd would make it block.
func descriptor(f *os.File) (fd uintptr) {
	if c, err := f.SyscallConn(); err == nil {
		_ = c.Control(func(n uintptr) { fd = n })
	}
	return fd
}

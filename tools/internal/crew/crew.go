// Package crew runs the processes of a measurement and knows what they cost.
package crew

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Limit bounds one measured stream or one life, all its processes together; seconds are usual.
const Limit = 60 * time.Second

// Crew are the processes of one measurement. They end when its time is up, when ctx ends and when this process does.
// It is used by one goroutine
// at a time, and processes are started on threads that outlive them.
type Crew struct {
	ctx    context.Context
	cancel context.CancelFunc
	all    []*Child
	files  []*os.File // ends of pipes that this process holds
}

// Child is one process.
type Child struct {
	*exec.Cmd
	Out, Said bytes.Buffer // stdout, where it was not given away, and stderr; to be read after Wait

	counter   *os.File // of migrations; nil where there is none
	uncounted error    // why there is none, of a process that should have one
}

// New makes a crew without processes; the caller ends it with End, on errors too.
func New(ctx context.Context) *Crew {
	c := &Crew{}
	c.ctx, c.cancel = context.WithTimeoutCause(ctx, Limit, fmt.Errorf("not done within %v", Limit))
	return c
}

// Context ends when the crew's time is up; its cause says so.
func (c *Crew) Context() context.Context { return c.ctx }

// Keep has a file closed by LetGo, as the ends of pipes are.
func (c *Crew) Keep(f *os.File) { c.files = append(c.files, f) }

// Pipe makes a pipe whose ends block, as those of a shell do. Close both ends here when the children have theirs.
func (c *Crew) Pipe() (r, w *os.File, err error) {
	var p [2]int
	if err := unix.Pipe2(p[:], unix.O_CLOEXEC); err != nil {
		return nil, nil, os.NewSyscallError("pipe2", err)
	}
	r, w = os.NewFile(uintptr(p[0]), "pipe, read end"), os.NewFile(uintptr(p[1]), "pipe, write end")
	c.files = append(c.files, r, w)
	return r, w, nil
}

// Start starts a process. A nil stdin is the null device, a nil stdout is gathered in Child.Out. env is added to the
// environment of this process.
func (c *Crew) Start(argv []string, stdin, stdout *os.File, env ...string) (*Child, error) {
	return c.begin(argv, stdin, stdout, env, &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL})
}

func (c *Crew) begin(argv []string, stdin, stdout *os.File, env []string, how *syscall.SysProcAttr) (*Child, error) {
	p := &Child{Cmd: exec.CommandContext(c.ctx, argv[0], argv[1:]...)}
	p.Stdout, p.Stderr = &p.Out, &p.Said
	if stdin != nil {
		p.Stdin = stdin
	}
	if stdout != nil {
		p.Stdout = stdout
	}
	p.Env = append(os.Environ(), env...)
	p.WaitDelay = time.Second
	p.SysProcAttr = how
	if err := p.Cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", argv[0], err)
	}
	c.all = append(c.all, p)
	return p, nil
}

// Role starts this program in one of its roles, without the signals by which Go's scheduler interrupts a busy thread.
func (c *Crew) Role(self string, stdin, stdout *os.File, words ...string) (*Child, error) {
	return c.Start(append([]string{self}, words...), stdin, stdout, "GODEBUG=asyncpreemptoff=1")
}

// LetGo closes this process's ends of the pipes: only then does an end of file reach the children.
func (c *Crew) LetGo() {
	for _, f := range c.files {
		_ = f.Close() // some are closed already
	}
	c.files = nil
}

// End ends what still runs and waits for it.
func (c *Crew) End() {
	c.LetGo()
	c.cancel()
	for _, p := range c.all {
		_ = p.Wait()
		if p.counter != nil {
			p.counter.Close()
			p.counter = nil
		}
	}
}

// Wait waits for the end of a process; a second call gives what the first one learned.
func (p *Child) Wait() error {
	if p.ProcessState == nil {
		if err := p.Cmd.Wait(); p.ProcessState == nil {
			return err
		}
	}
	if p.ProcessState.Success() {
		return nil
	}
	text := bytes.TrimSpace(p.Said.Bytes())
	return errors.New(p.ProcessState.String() + ": " + string(text[max(0, len(text)-200):]))
}

// CPU is the time that a process which was waited for used, user and system.
func (p *Child) CPU() time.Duration { return p.ProcessState.UserTime() + p.ProcessState.SystemTime() }

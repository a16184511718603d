package main

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

// streamLimit bounds one measured stream or one life, all its processes together; seconds are usual.
const streamLimit = 60 * time.Second

// crew are the processes of one measurement. They end when its time is up, when ctx ends and when this process does.
// It is used by one goroutine, on the thread of main.
type crew struct {
	ctx    context.Context
	cancel context.CancelFunc
	all    []*child
	files  []*os.File // ends of pipes that this process holds
}

// child is one process.
type child struct {
	*exec.Cmd
	out, said bytes.Buffer // stdout, where it was not given away, and stderr; to be read after wait
}

func newCrew(ctx context.Context) *crew {
	c := &crew{}
	c.ctx, c.cancel = context.WithTimeoutCause(ctx, streamLimit, fmt.Errorf("not done within %v", streamLimit))
	return c
}

// pipe makes a pipe whose ends block, as those of a shell do. Close both ends here when the children have theirs.
func (c *crew) pipe() (r, w *os.File, err error) {
	var p [2]int
	if err := unix.Pipe2(p[:], unix.O_CLOEXEC); err != nil {
		return nil, nil, os.NewSyscallError("pipe2", err)
	}
	r, w = os.NewFile(uintptr(p[0]), "pipe, read end"), os.NewFile(uintptr(p[1]), "pipe, write end")
	c.files = append(c.files, r, w)
	return r, w, nil
}

// start starts a process. A nil stdin is the null device, a nil stdout is gathered in child.out. env is added to the
// environment of this process.
func (c *crew) start(argv []string, stdin, stdout *os.File, env ...string) (*child, error) {
	p := &child{Cmd: exec.CommandContext(c.ctx, argv[0], argv[1:]...)}
	p.Stdout, p.Stderr = &p.out, &p.said
	if stdin != nil {
		p.Stdin = stdin
	}
	if stdout != nil {
		p.Stdout = stdout
	}
	p.Env = append(os.Environ(), env...)
	p.WaitDelay = time.Second
	p.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", argv[0], err)
	}
	c.all = append(c.all, p)
	return p, nil
}

// role starts this program in one of its roles, without the signals by which Go's scheduler interrupts a busy thread.
func (c *crew) role(self string, stdin, stdout *os.File, words ...string) (*child, error) {
	return c.start(append([]string{self}, words...), stdin, stdout, "GODEBUG=asyncpreemptoff=1")
}

// letGo closes this process's ends of the pipes: only then does an end of file reach the children.
func (c *crew) letGo() {
	for _, f := range c.files {
		_ = f.Close() // some are closed already
	}
	c.files = nil
}

// end ends what still runs and waits for it.
func (c *crew) end() {
	c.letGo()
	c.cancel()
	for _, p := range c.all {
		_ = p.wait()
	}
}

// wait waits for the end of a process; a second call gives what the first one learned.
func (p *child) wait() error {
	if p.ProcessState == nil {
		if err := p.Wait(); p.ProcessState == nil {
			return err
		}
	}
	if p.ProcessState.Success() {
		return nil
	}
	text := bytes.TrimSpace(p.said.Bytes())
	return errors.New(p.ProcessState.String() + ": " + string(text[max(0, len(text)-200):]))
}

// cpu is the time that a process which was waited for used, user and system.
func (p *child) cpu() time.Duration { return p.ProcessState.UserTime() + p.ProcessState.SystemTime() }

package lab

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// outputDelay bounds the wait for the output of a program that has ended (its own child may hold the pipe).
const outputDelay = 5 * time.Second

// Cmd is a program that runs on a side. The fields of exec.Cmd may be set before Start.
type Cmd struct {
	*exec.Cmd
	lab   *Lab
	space *space

	waiting sync.Once
	waited  error
}

// Command prepares a program on a side. It is killed when ctx ends, with the lab, and when the test process dies.
func (l *Lab) Command(ctx context.Context, side Side, name string, args ...string) *Cmd {
	c := &Cmd{Cmd: exec.CommandContext(ctx, name, args...), lab: l, space: l.sides[side]}
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	c.WaitDelay = outputDelay
	return c
}

// Start starts the program in the side's namespace, like exec.Cmd.Start.
func (c *Cmd) Start() error {
	return c.space.do(func() error {
		if err := c.Cmd.Start(); err != nil {
			return err
		}
		c.lab.mu.Lock()
		defer c.lab.mu.Unlock()
		c.lab.commands = append(c.lab.commands, c)
		return nil
	})
}

// Wait waits for the program's end, like exec.Cmd.Wait; it may be called more than once and from any goroutine.
func (c *Cmd) Wait() error {
	c.waiting.Do(func() { c.waited = c.Cmd.Wait() })
	return c.waited
}

// Run is Start and Wait.
func (c *Cmd) Run() error {
	if err := c.Start(); err != nil {
		return err
	}
	return c.Wait()
}

// Status waits for the program's end and returns its exit status: 128 + N after signal N, as in a shell, and -1 if the
// program could not be waited for.
func (c *Cmd) Status() int {
	err := c.Wait()
	if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended && c.ProcessState == nil {
		return -1
	}
	if ws, ok := c.ProcessState.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return 128 + int(ws.Signal())
	}
	return c.ProcessState.ExitCode()
}

// reap ends the program, even a stopped one, and waits for it.
func (c *Cmd) reap() {
	_ = c.Process.Kill()
	_ = c.Wait()
}

// Text gathers what a program prints. It may be read while the program runs. The zero value is empty and ready.
type Text struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write never fails.
func (t *Text) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.buf.Write(p)
}

func (t *Text) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.buf.String()
}

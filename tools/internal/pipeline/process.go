package pipeline

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// Limit bounds one stream or one life, all its processes together, unless Plan says otherwise; a few seconds are typical.
const Limit = 60 * time.Second

// lastWords is how much of a process's output goes into the error of its end, in bytes.
const lastWords = 200

// crew is the processes of one stream. They end when its time is up, when ctx ends or when this process does. One
// goroutine at a time may use it.
type crew struct {
	ctx    context.Context
	cancel context.CancelFunc
	grace  time.Duration // Plan.Grace
	all    []*Child
	files  []*os.File // ends of pipes that this process holds until letGo
}

// Child is one process.
type Child struct {
	*exec.Cmd
	Out, Said bytes.Buffer // stdout and stderr, unless they go elsewhere; valid after Wait

	counter   *os.File // of migrations; nil if there is none
	uncounted error    // why there is none although there should be
	watch     *watch   // of its memory; nil if there is none
}

// job is a process to start.
type job struct {
	argv          []string
	stdin, stdout *os.File  // nil: the null device, and Child.Out
	said          io.Writer // nil: Child.Said
	env           []string  // beside that of this process
	counted       bool      // count migrations for Child.Cost
}

// newCrew makes a crew without processes; the caller must call end, also after errors.
func newCrew(ctx context.Context, limit, grace time.Duration) *crew {
	c := &crew{grace: grace}
	c.ctx, c.cancel = context.WithTimeoutCause(ctx, limit, fmt.Errorf("not done within %v", limit))
	return c
}

// pipe makes a pipe that letGo closes in this process.
func (c *crew) pipe() (r, w *os.File, err error) {
	if r, w, err = Pipe(); err == nil {
		c.files = append(c.files, r, w)
	}
	return r, w, err
}

// start starts a process. If its migrations are to be counted, it is stopped at its first instruction and given a counter
// first.
func (c *crew) start(j job) (*Child, error) {
	p := &Child{Cmd: exec.CommandContext(c.ctx, j.argv[0], j.argv[1:]...)}
	p.Stdout, p.Stderr = &p.Out, &p.Said
	if j.stdin != nil {
		p.Stdin = j.stdin
	}
	if j.stdout != nil {
		p.Stdout = j.stdout
	}
	if j.said != nil {
		p.Stderr = j.said
	}
	p.Env = append(os.Environ(), j.env...)
	p.WaitDelay = time.Second
	if c.grace > 0 {
		p.Cancel = func() error { return p.Process.Signal(syscall.SIGTERM) }
		p.WaitDelay = c.grace
	}
	p.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	begin := p.Cmd.Start
	if j.counted {
		begin = p.startCounted
	}
	err := begin()
	if p.Process != nil {
		c.all = append(c.all, p)
	}
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", j.argv[0], err)
	}
	return p, nil
}

// letGo closes this process's ends of the pipes: only then does an end of file reach the processes.
func (c *crew) letGo() {
	for _, f := range c.files {
		f.Close()
	}
	c.files = nil
}

// end ends what still runs and waits for it.
func (c *crew) end() {
	c.letGo()
	c.cancel()
	for _, p := range c.all {
		_ = p.Wait()
		if p.counter != nil {
			p.counter.Close()
			p.counter = nil
		}
		p.peak()
	}
}

// Wait waits for the end of a process; a second call returns the same result.
func (p *Child) Wait() error {
	if p.ProcessState == nil {
		if err := p.Cmd.Wait(); p.ProcessState == nil {
			return err
		}
	}
	if p.ProcessState.Success() {
		return nil
	}
	text := strings.TrimSpace(p.Said.String())
	if text == "" {
		return errors.New(p.ProcessState.String())
	}
	return errors.New(p.ProcessState.String() + ": " + text[max(0, len(text)-lastWords):])
}

// cpu is the CPU time, user and system, of a process that was waited for.
func (p *Child) cpu() time.Duration { return p.ProcessState.UserTime() + p.ProcessState.SystemTime() }

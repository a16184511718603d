package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// graceful is how long a program may take to end after SIGTERM, and statusLimit to print its status table.
const (
	graceful    = 5 * time.Second
	statusLimit = 5 * time.Second
)

// process is a viamillipede that runs. It is ended when the context of start is; wait returns when it has ended.
type process struct {
	name   string // "rx" or "tx"
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stdout io.Reader
	said   transcript
}

func start(ctx context.Context, program string, words []string) (*process, error) {
	p := &process{name: words[0], cmd: exec.CommandContext(ctx, program, words...)}
	p.said.grew = make(chan struct{}, 1)
	p.cmd.Cancel = func() error { return p.cmd.Process.Signal(syscall.SIGTERM) }
	p.cmd.WaitDelay = graceful
	p.cmd.Stderr = &p.said
	p.cmd.Env = append(os.Environ(), "COLUMNS=1000") // whole status tables: show cuts them
	var err error
	if words[0] == "rx" {
		p.stdout, err = p.cmd.StdoutPipe()
	} else {
		p.stdin, err = p.cmd.StdinPipe()
	}
	if err != nil {
		return nil, err
	}
	return p, p.cmd.Start()
}

// wait returns nil when the program ended with 0. It must follow the last read of stdout.
func (p *process) wait() error {
	if err := p.cmd.Wait(); err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	return nil
}

// askStatus asks for the status table; awaitStatus returns when the program has begun to print it.
func (p *process) askStatus() error {
	p.said.mark()
	return p.cmd.Process.Signal(syscall.SIGUSR1)
}

func (p *process) awaitStatus(ctx context.Context) error {
	late := time.NewTimer(statusLimit)
	defer late.Stop()
	for p.said.sinceMark() == 0 {
		select {
		case <-p.said.grew:
		case <-late.C:
			return fmt.Errorf("%s printed no status table within %v", p.name, statusLimit)
		case <-ctx.Done():
			return nil // run names the cause
		}
	}
	return nil
}

// transcript is what a program said on standard error.
type transcript struct {
	grew chan struct{} // one element: something was said

	mu     sync.Mutex
	text   bytes.Buffer
	marked int // length of text when mark was called
}

func (t *transcript) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	select {
	case t.grew <- struct{}{}:
	default:
	}
	return t.text.Write(p)
}

func (t *transcript) mark() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.marked = t.text.Len()
}

func (t *transcript) sinceMark() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.Len() - t.marked
}

func (t *transcript) lines() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.Split(strings.TrimRight(t.text.String(), "\n"), "\n")
}

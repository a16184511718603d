package main

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"time"

	"viamillipede/tools/internal/pipeline"
)

// statusLimit is how long a program may take to print its status table.
const statusLimit = 5 * time.Second

// process is a running viamillipede.
type process struct {
	name  string // "rx" or "tx"
	child *pipeline.Child
	said  transcript
}

func newProcess(name string) *process {
	return &process{name: name, said: transcript{grew: make(chan struct{}, 1)}}
}

// end describes how to start it; in words, PORT stands for a port.
func (p *process) end(program, words string) pipeline.End {
	return pipeline.End{
		Command: append([]string{program}, strings.Fields(words)...),
		Said:    &p.said,
		Env:     []string{"COLUMNS=1000"}, // whole status tables: show cuts them
	}
}

// askStatus asks for the status table; awaitStatus returns once the program has begun to print it.
func (p *process) askStatus() error {
	p.said.mark()
	return p.child.Process.Signal(syscall.SIGUSR1)
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
			return nil // run reports the cause
		}
	}
	return nil
}

// transcript is what a program wrote to standard error.
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

// parts are the status tables and the last line, each as a list of lines; nil if the program said nothing.
func (t *transcript) parts() (tables, last []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	text := strings.TrimRight(t.text.String(), "\n")
	if text == "" {
		return nil, nil
	}
	lines := strings.Split(text, "\n")
	return lines[:len(lines)-1], lines[len(lines)-1:]
}

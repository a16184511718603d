// Package alarm runs a command of the user's when something happens that somebody should be woken for. Nobody waits for it, except for
// a moment at the end of the program, and nothing of it is left behind then.
package alarm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"syscall"
	"time"

	"viamillipede/cmd/viamillipede/internal/child"
)

const (
	// runMost bounds how long the command may take for one event.
	runMost = time.Minute
	// waitingMost bounds how many events wait for their turn: the oldest is dropped, and the last, which says how it all ended, never.
	waitingMost = 16
)

// Alarm runs the command, for one event after the other.
type Alarm struct {
	command string
	failed  func(error)
	more    chan struct{} // there is something to do, or Close was called
	gone    chan struct{} // closed when nothing more is done

	mu      sync.Mutex
	waiting []news             // guarded by mu, as is all below
	closing bool               //
	stop    context.CancelFunc // ends the command that runs, and lets no other begin
}

// news is an event, with the line that the command gets.
type news struct {
	event string
	line  []byte
}

// New makes an alarm. failed hears, on another goroutine, of each run that goes wrong.
func New(command string, failed func(error)) *Alarm {
	ctx, stop := context.WithCancel(context.Background())
	a := &Alarm{command: command, failed: failed, more: make(chan struct{}, 1), gone: make(chan struct{}), stop: stop}
	go a.serve(ctx)
	return a
}

// Hear is an events.Listener. It does not wait.
func (a *Alarm) Hear(event string, line []byte) {
	if !wakes(event, line) {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closing {
		return
	}
	if len(a.waiting) == waitingMost {
		a.waiting = a.waiting[1:]
	}
	a.waiting = append(a.waiting, news{event, append([]byte(nil), line...)})
	a.wake()
}

// wakes reports whether somebody should be woken: an outage begins, or ends, or a stream does.
func wakes(event string, line []byte) bool {
	switch event {
	case "end":
		return true
	case "outage":
		var r struct{ Phase string }
		return json.Unmarshal(line, &r) == nil && r.Phase != "lasts"
	}
	return false
}

// wake has the goroutine look. Under mu.
func (a *Alarm) wake() {
	select {
	case a.more <- struct{}{}:
	default:
	}
}

// Close returns when the command has run for all events, or after the given time; by then it has ended, or is about to be killed.
func (a *Alarm) Close(within time.Duration) {
	a.mu.Lock()
	a.closing = true
	a.wake()
	a.mu.Unlock()
	late := time.NewTimer(within)
	defer late.Stop()
	select {
	case <-a.gone:
	case <-late.C:
	}
	a.stop()
	<-a.gone // it takes child.Grace, at most, and a moment
}

// serve runs the command until Close.
func (a *Alarm) serve(ctx context.Context) {
	defer close(a.gone)
	for range a.more {
		for n, ok := a.next(); ok && ctx.Err() == nil; n, ok = a.next() {
			if err := a.run(ctx, n); err != nil {
				a.failed(err)
			}
		}
		a.mu.Lock()
		over := a.closing
		a.mu.Unlock()
		if over || ctx.Err() != nil {
			return
		}
	}
}

// next takes the oldest event that waits.
func (a *Alarm) next() (n news, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.waiting) == 0 {
		return n, false
	}
	n, a.waiting = a.waiting[0], a.waiting[1:]
	return n, true
}

// run runs the command for one event.
func (a *Alarm) run(ctx context.Context, n news) error {
	ctx, cancel := context.WithTimeout(ctx, runMost)
	defer cancel()
	c, err := child.New(a.command, true, false)
	if err != nil {
		return err
	}
	defer c.Close()
	c.Divert(syscall.Stderr)
	if err := c.Start("VIAMILLIPEDE_EVENT=" + n.event); err != nil {
		return err
	}
	told := make(chan struct{})
	go func() { // a command that does not read may keep it waiting, until that has ended
		defer close(told)
		c.Feed(n.line)
	}()
	defer func() { c.End(); <-told }()
	err = c.Exit(ctx)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%s took longer than %v, and was ended", child.Quote(a.command), runMost)
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("%s was ended with the program", child.Quote(a.command))
	}
	return err
}

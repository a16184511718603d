package filter

import (
	"errors"
	"fmt"
	"os/exec"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"viamillipede/cmd/viamillipede/internal/child"
	"viamillipede/engine/sidechain"
)

// Filter is a command. It implements sidechain.Program.
type Filter struct {
	command string
	limit   time.Duration
	said    func(line string)
	group   group
	ahead   chan *process // started, and waiting for a piece
	late    atomic.Bool   // a process took too long, for which all are ended
	over    atomic.Bool   // nothing is started any more
	ended   chan struct{} // closed by End

	mu  sync.Mutex     // guards the change of over, so that nothing is added to all after that
	all sync.WaitGroup // of keepAhead

	spent atomic.Int64 // CPU time of processes that have ended, in nanoseconds
}

// New makes a filter that keeps at most ahead processes waiting, so that a piece need not wait for one to start. A process that takes
// longer than limit for a piece is ended; 0: none is. said hears what processes that succeed write to standard error, in one line.
func New(command string, ahead int, limit time.Duration, said func(line string)) *Filter {
	return &Filter{command: command, limit: limit, said: said, ahead: make(chan *process, max(1, ahead)), ended: make(chan struct{})}
}

// errOver is why nothing runs any more.
var errOver = errors.New("it has been ended")

// name is the command, for people.
func (f *Filter) name() string { return "'" + child.Line(f.command) + "'" }

// Run implements sidechain.Program.
func (f *Filter) Run(dst, src []byte) (n int, err error) {
	p, err := f.take()
	if err != nil {
		return 0, fmt.Errorf("%s cannot be run: %w", f.name(), err)
	}
	f.replace()
	unwatch := f.watch(p)
	n, words, err := p.run(dst, src)
	unwatch()
	f.spent.Add(int64(p.spent()))
	if err == nil && f.late.Load() {
		err = errOver
	}
	if err != nil {
		return 0, f.explain(words, err)
	}
	if words != "" {
		f.said(f.name() + ": " + words)
	}
	return n, nil
}

// limitTicks are the parts that the time for a piece is counted in: while viamillipede is stopped (SIGSTOP), and nobody reads what a
// process writes, no more than one of them goes by.
const limitTicks = 8

// watch has a process guarded while it is at a piece.
func (f *Filter) watch(p *process) (unwatch func()) {
	done := make(chan struct{})
	var ticks <-chan time.Time
	stop := func() {}
	if f.limit > 0 {
		t := time.NewTicker(max(1, f.limit/limitTicks))
		ticks, stop = t.C, t.Stop
	}
	go f.guard(p, ticks, done)
	return func() { close(done); stop() }
}

// guard sees to it that a process does not take too long for its piece, nor longer than until End.
func (f *Filter) guard(p *process, ticks <-chan time.Time, done <-chan struct{}) {
	for range limitTicks {
		select {
		case <-done:
			return
		case <-f.ended:
			p.abandon()
			return
		case <-ticks:
		}
	}
	f.late.Store(true)
	f.group.end() // what it has started goes too
	p.abandon()
}

// take returns a process for one piece.
func (f *Filter) take() (*process, error) {
	select {
	case p := <-f.ahead:
		return p, nil
	default:
		return f.start()
	}
}

// start starts a process.
func (f *Filter) start() (*process, error) {
	if f.over.Load() {
		return nil, errOver
	}
	group, err := f.group.id()
	if err != nil {
		return nil, err
	}
	p, err := start(f.command, group)
	if err == nil && f.over.Load() { // End may not have seen it
		p.drop()
		return nil, errOver
	}
	return p, err
}

// replace has a process started in the place of one that was taken.
func (f *Filter) replace() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.over.Load() {
		f.all.Go(f.keepAhead)
	}
}

// keepAhead has one more process wait, unless there are enough.
func (f *Filter) keepAhead() {
	if len(f.ahead) == cap(f.ahead) {
		return
	}
	p, err := f.start()
	if err != nil {
		return // the next piece says why
	}
	select {
	case f.ahead <- p:
	default:
		p.drop()
	}
}

// Spent implements sidechain.Program.
func (f *Filter) Spent() time.Duration { return time.Duration(f.spent.Load()) }

// End implements sidechain.Program: it returns when no process is left, except of those that are in a Run, which ends.
func (f *Filter) End() {
	f.mu.Lock()
	again := f.over.Swap(true)
	f.mu.Unlock()
	if again {
		return
	}
	f.group.end()
	close(f.ended)
	f.all.Wait()
	for {
		select {
		case p := <-f.ahead:
			p.drop()
		default:
			return
		}
	}
}

// explain is why a process failed, for people.
func (f *Filter) explain(words string, err error) error {
	if words != "" {
		words = ": " + words
	}
	exit, failed := errors.AsType[*exec.ExitError](err)
	switch {
	case f.late.Load():
		return fmt.Errorf("%s takes longer than %v for a piece%s", f.name(), f.limit, words)
	case errors.Is(err, sidechain.ErrRoom):
		return err
	case failed:
		return fmt.Errorf("%w%s", child.Outcome(f.name(), exit.Sys().(syscall.WaitStatus)), words)
	}
	return fmt.Errorf("%s: %w%s", f.name(), err, words)
}

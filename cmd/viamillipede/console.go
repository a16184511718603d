package main

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"viamillipede/engine"
	"viamillipede/engine/observe"
	"viamillipede/netio"
)

// A remote shell: at one end a program of exec has a terminal (pty), at the other one the user's terminal is standard input (charmode).

// atTerminal is the program of exec where it has a terminal.
type atTerminal struct{ *execution }

// Exits implements engine.Exiting.
func (atTerminal) Exits() {}

// Whole implements engine.Producer: whatever the program has ended with, what it has written is all.
func (s atTerminal) Whole(ctx context.Context) error {
	err := s.child.Exit(ctx)
	if err == nil || ctx.Err() != nil {
		return err
	}
	return &engine.Exited{Status: s.child.Code(), Err: s.blame.on(err)}
}

// Left implements engine.Consumer: a program may end before its input does; how it has ended is told with its output.
func (s atTerminal) Left(context.Context) error { return nil }

// Accepts implements engine.Consumer, likewise.
func (s atTerminal) Accepts(ctx context.Context) error {
	if err := s.child.Release(ctx); err != nil {
		return s.blame.on(err)
	}
	if err := s.child.Exit(ctx); ctx.Err() != nil {
		return err
	}
	return nil
}

// Resize implements engine.Screened.
func (s atTerminal) Resize(columns, rows uint16) { s.child.Resize(columns, rows) }

// unremarked is an observer that does not hear how a terminal's input ends, which is always before its end.
type unremarked struct{ observe.Observer }

// Observe implements observe.Observer.
func (u unremarked) Observe(e observe.Event) {
	switch e.(type) {
	case observe.ConsumerStopped, observe.PeerConsumerStopped:
		return
	}
	u.Observer.Observe(e)
}

// console is the user's terminal, which is standard input.
type console struct {
	mu      sync.Mutex
	restore func() // makes it what it was; nil: it is. Guarded by mu
	left    bool   // the program ends; guarded by mu
}

// theConsole is a process's.
var theConsole console

// hasConsole reports whether standard input is a terminal whose keys are to go to the other end one by one, and what comes back is for
// its screen.
func (inv *invocation) hasConsole() bool {
	return inv.options.Charmode && inv.rx.said() && inv.tx.said() && inv.exec.command == "" && inv.filing.source == "" && inv.filing.sink == "" &&
		inv.connection.word == "" && !inv.options.PRBS && netio.IsTerminal(standardInput)
}

// Size implements engine.Screen.
func (*console) Size() (columns, rows uint16) { return netio.TerminalSize(standardInput) }

// Met implements engine.Screen: the program at the other end has a terminal that gives keys their meaning.
func (c *console) Met() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.restore == nil && !c.left {
		c.restore, _ = netio.RawTerminal(standardInput)
		c.minds()
	}
}

// minds makes the terminal what it was before a signal ends the process with the stacks of its goroutines, or stops it. The latter is the
// watcher's where progress is shown.
func (c *console) minds() {
	signals := make(chan os.Signal, signalQueue)
	signal.Notify(signals, syscall.SIGQUIT)
	if g := inSight.Load(); (g == nil || g.screen == nil) && !signal.Ignored(syscall.SIGTSTP) {
		signal.Notify(signals, syscall.SIGTSTP)
	}
	go func() {
		for s := range signals {
			if s == syscall.SIGTSTP {
				c.suspend()
				continue
			}
			c.close()
			signal.Reset(syscall.SIGQUIT)
			_ = syscall.Kill(os.Getpid(), syscall.SIGQUIT)
		}
	}()
}

// suspend stops the process as SIGTSTP does by default, with the terminal as it was for that long.
func (c *console) suspend() {
	c.mu.Lock()
	defer c.mu.Unlock()
	raw := c.restore != nil
	if raw {
		c.restore()
	}
	if err := netio.Suspend(); err != nil {
		say(ownPrefix, "cannot stop: "+err.Error())
	}
	if raw {
		c.restore, _ = netio.RawTerminal(standardInput)
	}
}

// close makes the terminal what it was, for good: a link may still come up while the program ends.
func (c *console) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.left = true
	if c.restore != nil {
		c.restore()
		c.restore = nil
	}
}

// follow tells the sender when the size of the terminal has changed, for as long as the process lives.
func (c *console) follow(s *engine.Sender) {
	changes := make(chan os.Signal, 1)
	signal.Notify(changes, syscall.SIGWINCH)
	go func() {
		for range changes {
			s.Resized()
		}
	}()
}

// exitOf is the status of the program that has made what a side has received; 0, where that is not told.
func exitOf(sides []*side) (status engine.Status) {
	for _, s := range sides {
		if r, ok := s.stream.(*engine.Receiver); ok {
			status = engine.Status(r.Exit())
		}
	}
	return status
}

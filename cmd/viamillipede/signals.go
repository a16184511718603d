package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"viamillipede/engine"
)

// signalQueue is how many signals may wait for their turn; more of a kind that waits are dropped, as by the kernel.
const signalQueue = 8

// ignoreBrokenPipes has a write to a broken pipe return EPIPE, on standard error too: the stream fails in good order, or goes on.
func ignoreBrokenPipes() { signal.Ignore(syscall.SIGPIPE) }

// nobody are the sides of a program that has none.
func nobody() []*side { return nil }

// stopping is what a signal to stop does first, where it ends all.
func stopping(cancel context.CancelCauseFunc) []func(cause *engine.Error) {
	return []func(*engine.Error){func(cause *engine.Error) { cancel(cause) }}
}

// watchSignals reacts to signals (see reactions) until the function that it returns is called. The first signal to stop calls the first
// of stops, the next one the next; when none is left, atOnce is called, and the program ended. The goroutine that it starts ends before
// stop returns.
func watchSignals(sides func() []*side, stops []func(cause *engine.Error), atOnce func()) (stop func()) {
	ignoreBrokenPipes()
	signals := make(chan os.Signal, signalQueue)
	signal.Notify(signals, heeded()...)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		react(signals, sides, stops, atOnce)
	}()
	return func() {
		signal.Stop(signals)
		close(signals)
		<-ended
	}
}

// heeded lists the signals to react to. One that was ignored when the program began stays ignored: that is how nohup
// and the shells' "&" protect a program.
func heeded() []os.Signal {
	signals := []os.Signal{syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGTERM}
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGHUP} {
		if !signal.Ignored(s) {
			signals = append(signals, s)
		}
	}
	return signals
}

// echo is how soon a second signal is taken for the same one: timeout(1), for one, signals its program and then the group
// that it is in; the farewell to the peer should not be cut short by that.
const echo = 300 * time.Millisecond

// react reads signals until the channel is closed.
//
// None of the reactions makes the next signal wait: a status table takes as long as the busiest loop needs to answer, so it
// is made elsewhere, one at a time. Only a profile of the moment when the program is told to stop comes first (profiler.told).
func react(signals <-chan os.Signal, sides func() []*side, stops []func(*engine.Error), atOnce func()) {
	var stopped time.Time
	tables := make(chan struct{}, 1)
	for s := range signals {
		switch s {
		case syscall.SIGUSR1:
			select {
			case tables <- struct{}{}:
				go func() { printStatus(sides()); <-tables }()
			default: // the one that is under way will do
			}
		case syscall.SIGUSR2:
			if all := sides(); len(all) > 0 {
				raiseVerbose(all)
			}
		default:
			cause := stopCause(s)
			if !stopped.IsZero() && time.Since(stopped) < echo {
				continue
			}
			if len(stops) == 0 {
				say(ownPrefix, cause.Reason+" again, at once")
				bounded(atOnceWithin, atOnce)
				exit(int(cause.Status))
				continue
			}
			stopped = time.Now()
			stops[0](cause)
			stops = stops[1:]
		}
	}
}

// atOnceWithin bounds what is done before the program is ended by a second signal.
const atOnceWithin = time.Second

// bounded calls f and returns when it has returned, or after the given time; then f goes on.
func bounded(within time.Duration, f func()) {
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	late := time.NewTimer(within)
	defer late.Stop()
	select {
	case <-done:
	case <-late.C:
	}
}

// printStatus prints the status table of each side.
func printStatus(sides []*side) {
	defer func() {
		if p := recover(); p != nil {
			faulted(p) // it costs the table and not the stream
		}
	}()
	for _, side := range sides {
		side.printStatus()
	}
}

// raiseVerbose raises the level of all sides alike and says so once.
func raiseVerbose(sides []*side) {
	var level int
	for _, side := range sides {
		level = side.log.Raise()
	}
	say(ownPrefix, fmt.Sprintf("verbose is now %d", level))
}

// stopCause is why the stream ends when the signal asks for it. There is no exit status of its own for SIGHUP.
func stopCause(s os.Signal) *engine.Error {
	switch s {
	case syscall.SIGINT:
		return &engine.Error{Status: engine.StatusInterrupt, Reason: "stopped by SIGINT"}
	case syscall.SIGHUP:
		return &engine.Error{Status: engine.StatusTerminated, Reason: "stopped by SIGHUP"}
	}
	return &engine.Error{Status: engine.StatusTerminated, Reason: "stopped by SIGTERM"}
}

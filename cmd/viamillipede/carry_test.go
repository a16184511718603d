package main

import (
	"context"
	"slices"
	"sync"
	"testing"

	"viamillipede/cmd/viamillipede/internal/words"
	"viamillipede/engine"
	"viamillipede/engine/observe"
)

// acted is an end of a stream that ends as it is told.
type acted func(ctx context.Context) error

func (a acted) Run(ctx context.Context) (observe.Summary, error) { return observe.Summary{}, a(ctx) }
func (a acted) Snapshot() observe.Snapshot                       { return observe.Snapshot{} }

// closing closes a channel at the first line that is written.
type closing struct {
	once sync.Once
	c    chan struct{}
}

func (c *closing) Write(p []byte) (int, error) {
	c.once.Do(func() { close(c.c) })
	return len(p), nil
}

// A loop through the program is stopped by a signal, and the side that hears of it from the other one is the first to end: the exit
// status is the signal's all the same. Where no signal came, it is that of the first failure.
func TestCarryEndsWithTheSignal(t *testing.T) {
	interrupt := &engine.Error{Status: engine.StatusInterrupt, Reason: "stopped by SIGINT"}
	for _, c := range []struct {
		name   string
		signal bool
		want   engine.Status
	}{{"signal", true, engine.StatusInterrupt}, {"none", false, engine.StatusRemotePipe}} {
		t.Run(c.name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			if c.signal {
				cancel(interrupt)
			}
			first := &closing{c: make(chan struct{})}
			tx := &side{name: "tx", log: words.NewLog(first, "", observe.LevelSummary), stream: acted(func(context.Context) error {
				return &engine.Error{Status: engine.StatusRemotePipe, Reason: "the receiver failed"}
			})}
			rx := &side{name: "rx", log: words.NewLog(first, "", observe.LevelSummary), stream: acted(func(ctx context.Context) error {
				<-first.c
				<-ctx.Done()
				return context.Cause(ctx)
			})}
			told, err := openAccount("")
			if err != nil {
				t.Fatal(err)
			}
			if got := carry(ctx, cancel, []*side{rx, tx}, told, nil); got != c.want {
				t.Errorf("exit status %d, want %d", got, c.want)
			}
		})
	}
}

// Why a side failed comes back in a loop as the other side's reason; it is told once, whichever is there first. What else a peer says is told.
func TestFailureIsToldOnce(t *testing.T) {
	ours := &engine.Error{Status: engine.StatusLocalPipe, Reason: "exec 'false' exited with status 1"}
	echo := &engine.Error{Status: engine.StatusRemotePipe, Reason: "the receiver failed: tx failed in the same process: " + ours.Error()}
	other := &engine.Error{Status: engine.StatusRemotePipe, Reason: "the receiver failed: no space"}
	for _, c := range []struct {
		name          string
		first, second error
		want          []string
	}{
		{"ours first", ours, echo, []string{ours.Error()}},
		{"echo first", echo, ours, []string{ours.Error()}},
		{"another reason", other, ours, []string{ours.Error(), other.Error()}},
		{"only the peer's", other, other, []string{other.Error()}},
	} {
		var f failures
		f.add("", c.first, true)
		f.add("", c.second, false)
		f.close()
		if !slices.Equal(f.said, c.want) {
			t.Errorf("%s: %q, want %q", c.name, f.said, c.want)
		}
	}
}

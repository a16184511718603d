package run

import (
	"context"
	"testing"
	"time"
)

// TestBoth: a stream each way, through the port of one end; each is measured, and complete at both ends.
func TestBoth(t *testing.T) {
	server := startServer(t, func(c *Config) { c.Serve = 1 })
	out := newText()
	c := sender(server.port, out)
	c.Both, c.Length, c.Rounds, c.Interval = true, 100*time.Millisecond, 1, time.Millisecond
	if err := Send(bounded(t), c); err != nil {
		t.Fatal(err)
	}
	for _, x := range []*text{out, server.out} {
		x.await(t, `(?m)^ +1  as given +[0-9.]+ `)
		x.await(t, `(?m)^ +1  as given, back +[0-9.]+ `)
	}
	out.await(t, `(?m)^ +0\.0 to [0-9.]+ s, back +[0-9.]+$`)
	if err := server.end(t); err != nil {
		t.Error(err)
	}
}

// TestQueue: with a queue, a second bench waits for the first one's end, and is told so.
func TestQueue(t *testing.T) {
	server := startServer(t, func(c *Config) { c.Serve, c.Queue = 3, true })
	first, second := newText(), newText()
	c := sender(server.port, first)
	c.Length, c.Rounds, c.Interval = time.Hour, 1, time.Millisecond
	ctx, cancel := context.WithCancelCause(t.Context())
	ended := make(chan error, 2)
	go func() { ended <- Send(ctx, c) }()
	first.await(t, ` s +[0-9.]+`)

	d := sender(server.port, second)
	d.Length, d.Rounds, d.Err = 10*time.Millisecond, 2, second
	go func() { ended <- Send(bounded(t), d) }()
	second.await(t, `serves another bench; waiting for a turn`)
	cancel(errStop)
	second.await(t, `(?m)^ +2  as given `)
	<-ended
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := server.end(t); err != nil {
		t.Error(err)
	}
}

// TestShareOut: two streams of one process have its CPU time together.
func TestShareOut(t *testing.T) {
	e, back := end{Counted: 3, CPU: 7}, end{Counted: 1, CPU: 8}
	shareOut(&e, &back)
	if e.CPU != 6 || back.CPU != 2 {
		t.Errorf("%v and %v s of CPU, want 6 and 2", e.CPU, back.CPU)
	}
	shareOut(&end{}, &end{})
}

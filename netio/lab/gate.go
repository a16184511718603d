package lab

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"
)

// block is how much Feed and Drain move per system call, in bytes.
const block = 256 << 10

// catchUp is how much lost time a flow may make up for by moving faster. It covers late timers and the time of the calls
// themselves; a flow that was stopped for longer continues at its rate, without a burst.
const catchUp = 5 * time.Millisecond

// Gate lets a test hold, slow and wait for a Feed or Drain. Its methods may be called from any goroutine. NewGate's
// gate is open.
type Gate struct {
	mu      sync.Mutex
	moved   int64
	hold    int64         // nothing passes beyond this offset; < 0 means open
	rate    int64         // bytes per second; 0 means unlimited
	due     time.Time     // with a rate: when the bytes moved so far are due
	cut     bool          // a Feed ends here
	last    time.Time     // when something passed
	pause   time.Duration // the longest between two such times
	marks   map[int64]chan struct{}
	changed chan struct{} // closed and replaced when hold or cut changes
}

// NewGate returns an open gate.
func NewGate() *Gate {
	return &Gate{hold: -1, marks: make(map[int64]chan struct{}), changed: make(chan struct{})}
}

// Moved is how many bytes have passed.
func (g *Gate) Moved() int64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.moved
}

// LongestPause is the longest time between two moments at which something passed.
func (g *Gate) LongestPause() time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.pause
}

// At returns a channel that is closed when offset bytes have passed.
func (g *Gate) At(offset int64) <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	mark, found := g.marks[offset]
	if !found {
		mark = make(chan struct{})
		g.marks[offset] = mark
	}
	g.signal()
	return mark
}

// Hold lets nothing pass beyond offset, until Open or another Hold; 0 stops at once.
func (g *Gate) Hold(offset int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.set(offset)
}

// Open ends Hold.
func (g *Gate) Open() { g.Hold(-1) }

// Cut ends the gate's Feed before its size, with what it is writing. A Drain has no use for it: it ends with its reader.
func (g *Gate) Cut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.cut = true
	g.set(g.hold)
}

// Rate slows the flow to bytesPerSecond, in steps of a block; 0 is as fast as it goes.
func (g *Gate) Rate(bytesPerSecond int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.rate = bytesPerSecond
}

func (g *Gate) set(hold int64) {
	g.hold = hold
	close(g.changed)
	g.changed = make(chan struct{})
}

// errCut ends a Feed early.
var errCut = errors.New("the stream was cut short")

// pass waits until something may move and returns how much of want; the error is ctx's, or errCut.
func (g *Gate) pass(ctx context.Context, want int) (int, error) {
	for {
		g.mu.Lock()
		n, rate, changed, cut, due := int64(want), g.rate, g.changed, g.cut, g.due
		if g.hold >= 0 {
			n = min(n, g.hold-g.moved)
		}
		g.mu.Unlock()
		if cut {
			return 0, errCut
		}
		if n <= 0 {
			select {
			case <-changed:
				continue
			case <-ctx.Done():
				return 0, context.Cause(ctx)
			}
		}
		if rate <= 0 {
			return int(n), context.Cause(ctx)
		}
		return int(n), sleepUntil(ctx, due)
	}
}

// sleepUntil returns nil at due, or ctx's error earlier.
func sleepUntil(ctx context.Context, due time.Time) error {
	timer := time.NewTimer(time.Until(due))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (g *Gate) move(n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if n <= 0 {
		return
	}
	g.moved += int64(n)
	now := time.Now()
	if !g.last.IsZero() {
		g.pause = max(g.pause, now.Sub(g.last))
	}
	g.last = now
	if g.rate > 0 {
		if late := now.Add(-catchUp); g.due.Before(late) {
			g.due = late
		}
		g.due = g.due.Add(time.Duration(float64(n) / float64(g.rate) * float64(time.Second)))
	}
	g.signal()
}

func (g *Gate) signal() {
	for offset, mark := range g.marks {
		if g.moved >= offset {
			select {
			case <-mark:
			default:
				close(mark)
			}
		}
	}
}

// Deadline is implemented by pipes and sockets, so that the end of a context can end their calls.
type Deadline interface {
	SetDeadline(time.Time) error
}

// Feed writes size bytes of the counter stream through gate to w, or fewer if the gate is cut, and closes w in any case.
// The error is w's or ctx's.
func Feed(ctx context.Context, w io.WriteCloser, size int64, gate *Gate) error {
	defer w.Close()
	defer cutAtEnd(ctx, w)()
	buf := make([]byte, block)
	for offset := int64(0); offset < size; {
		ready := buf[:min(block, size-offset)]
		Fill(ready, offset)
		for len(ready) > 0 {
			n, err := gate.pass(ctx, len(ready))
			if errors.Is(err, errCut) {
				return nil
			}
			if err != nil {
				return err
			}
			n, err = w.Write(ready[:n])
			gate.move(n)
			offset += int64(n)
			ready = ready[n:]
			if err != nil {
				return cause(ctx, err)
			}
		}
	}
	return nil
}

// Drain reads r to its end through gate, checks that it is the counter stream, and closes r in any case. It returns the
// number of correct bytes. The error is a *Mismatch, r's or ctx's; at the end of the stream it is nil.
func Drain(ctx context.Context, r io.ReadCloser, gate *Gate) (int64, error) {
	defer r.Close()
	defer cutAtEnd(ctx, r)()
	var checker Checker
	buf := make([]byte, block)
	for {
		n, err := gate.pass(ctx, len(buf))
		if err != nil {
			return checker.Offset(), err
		}
		n, err = r.Read(buf[:n])
		if _, bad := checker.Write(buf[:n]); bad != nil {
			return checker.Offset(), bad
		}
		gate.move(n)
		if errors.Is(err, io.EOF) {
			return checker.Offset(), nil
		}
		if err != nil {
			return checker.Offset(), cause(ctx, err)
		}
	}
}

// cutAtEnd makes calls on f return when ctx ends; the function it returns undoes that.
func cutAtEnd(ctx context.Context, f any) func() bool {
	d, ok := f.(Deadline)
	if !ok {
		return func() bool { return true }
	}
	return context.AfterFunc(ctx, func() { _ = d.SetDeadline(time.Unix(1, 0)) })
}

func cause(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

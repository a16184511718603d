package engine

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/loop"
	"viamillipede/engine/observe"
	"viamillipede/engine/schedule"
	"viamillipede/engine/wire"
)

// life is the course of a stream at one end, whichever that is: it begins, is supervised, ends once, and the peer is told how. The end
// itself is asked for what only it knows, by the supervisor and never on the data path.
//
//	begin -> supervise -> fail or finish -> insist or farewell -> Run returns
type life struct {
	end      End
	workers  []worker // the loops
	observer observe.Observer
	time     schedule.Timing
	linger   time.Duration // see live
	hearing  time.Duration // likewise

	done    atomic.Pointer[wire.Done] // set once all of it is in the sink; never at a sender
	told    atomic.Bool               // the peer has said why it failed, so it need not be told
	parted  atomic.Bool               // the peer has ended a link on which the last words were said, or has answered them
	failing atomic.Bool               // the stream has failed: a sender sends no more legs, so that links are free to carry the reason
	over    chan struct{}             // closed when the stream has ended
	poke    chan struct{}             // makes the supervisor look now
	outcry  outcry                    // the supervisor's

	placed    atomic.Pointer[stream.Placement] // where the loops run
	repinning sync.Mutex                       // held by whoever decides that
	gauge     stream.Gauge
	curtain   stream.Curtain

	// mu guards what is below, and what the end says that it guards. Locks are taken in this order: mu, then that of a path, of the
	// doors or of the outlet, then that of a loop, then that of its poller.
	mu       sync.Mutex
	outage   schedule.Outage
	up       int    // links
	lost     uint64 // likewise
	started  time.Time
	first    time.Time // when the first link came up
	ended    time.Time
	finished bool
	err      error
}

// End is what differs between the ends of a stream. The supervisor asks.
type End interface {
	glance(now time.Time)                         // each time the supervisor looks
	concluded(now time.Time) bool                 // all is delivered, and there is nothing left to wait for
	verdict(now time.Time) *stream.Error          // why there is no hope; nil: there is
	speechless(now time.Time) bool                // a link is still to be hoped for, to carry the last words, and there is none
	patience() (dead, giveup time.Duration)       // how long to wait for a peer that seems dead, and for any; negative: for ever. Under mu
	plight(now time.Time) plight                  // under mu
	cry(o *observe.Outage, n news, p plight) bool // completes what the user is to be told; false: it is not worth telling

	// Any goroutine asks.
	bytes() uint64                    // read from the source, or written to the sink
	account(sum *observe.Summary)     // completes what the stream has done
	linkStatus() []observe.LinkStatus // of all links that there should be
	fill(s *observe.Snapshot)         // completes how the stream stands
}

// worker is a loop with its links, as the supervisor sees it. What is not of Looping runs on the loop's thread.
type worker interface {
	loop.Looping
	makeWay()                                    // ends links that cannot carry the last words
	farewell(words []byte, left chan<- struct{}) // says them on every link, and signals left once they have gone out
	heardOut() bool                              // the peer has them from one of the links, or it cannot be told that it has not
	forsake()                                    // counts no more on links that have not carried them
	count(g *stream.Gauge)                       // names the links to the collector
	describe() []observe.LinkStatus              // by any goroutine but the loop's
	collect() []observe.LinkSummary              // likewise
}

// live makes ready for what e will do. linger is how long the last words may take to be heard, when they have to be, and hearing how long
// to wait for that after they have left; 0: they leave when they have been heard.
func (l *life) live(e End, to observe.Observer, t schedule.Timing, linger, hearing time.Duration) {
	l.end, l.observer, l.time, l.linger, l.hearing = e, to, t, linger, hearing
	l.over, l.poke, l.gauge.Observer = make(chan struct{}), make(chan struct{}, 1), to
}

// run starts the loops, and a lookout for those that get stuck, which end stops. A fault in it ends the stream.
func (l *life) run() (end func()) {
	for _, w := range l.workers {
		go w.Plain().Run()
	}
	return stream.LookOut(l.workers, l.time.Tick, l.observer, l.fail)
}

// begin notes when the end began to wait for its peer, to which so many paths lead from here.
func (l *life) begin(now time.Time, paths int) {
	l.mu.Lock() // somebody may already ask for a status
	defer l.mu.Unlock()
	l.started = now
	l.outage.Start(now, paths)
}

// linkUp notes that a link came up, and reports whether it is the first. Under mu.
func (l *life) cameUp(now time.Time) (first bool) {
	l.up++
	l.outage.LinkUp(now)
	if !l.first.IsZero() {
		return false
	}
	l.first = time.Now()
	return true
}

// linksUp reports whether there are links.
func (l *life) linksUp() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.up > 0
}

// fail ends the stream with an error, unless it has ended before, or all of it is delivered: from then on only the user can
// make it fail.
func (l *life) fail(err *stream.Error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.done.Load() == nil {
		l.finishLocked(err)
	}
}

// finish ends the stream, unless it has ended before; err is nil if it is delivered.
func (l *life) finish(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.finishLocked(err)
}

// finishLocked is finish, under mu.
func (l *life) finishLocked(err error) {
	if l.finished {
		return
	}
	l.finished, l.err = true, err
	if l.ended.IsZero() {
		l.ended = time.Now()
	}
	l.failing.Store(err != nil)
	close(l.over)
}

// caught is for the goroutines of the stream to defer.
func (l *life) caught(where string) {
	if p := recover(); p != nil {
		l.fail(stream.Faulted(where, p, l.observer))
	}
}

// rouse makes the supervisor judge the situation now.
func (l *life) rouse() {
	select {
	case l.poke <- struct{}{}:
	default:
	}
}

// supervise waits for the end of the stream, and ends it when there is no hope.
func (l *life) supervise(ctx context.Context) {
	defer l.caught("supervisor")
	ticker := time.NewTicker(l.time.Tick * schedule.TicksPerLook)
	defer ticker.Stop()
	for {
		select {
		case <-l.over:
			l.cryOut(time.Now())
			return
		case <-ctx.Done():
			l.finish(stopped(ctx))
			return
		case <-ticker.C:
		case <-l.poke:
		}
		now := time.Now()
		l.end.glance(now)
		l.judge(now)
		l.cryOut(now)
	}
}

// judge ends the stream when it is settled, or hopeless.
func (l *life) judge(now time.Time) {
	if l.end.concluded(now) {
		l.finish(nil)
		return
	}
	if err := l.end.verdict(now); err != nil {
		l.fail(err)
	}
}

// stopped is the error of a stream whose context has ended.
func stopped(ctx context.Context) *stream.Error {
	if e, ok := errors.AsType[*stream.Error](context.Cause(ctx)); ok {
		return e
	}
	return stream.Fail(stream.StatusInterrupt, context.Cause(ctx), "stopped")
}

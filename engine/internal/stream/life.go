package stream

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"viamillipede/engine/internal/gauge"
	"viamillipede/engine/internal/outcry"
	"viamillipede/engine/loop"
	"viamillipede/engine/observe"
	"viamillipede/engine/schedule"
	"viamillipede/engine/wire"
)

// Life is the course of a stream at one end, whichever that is: it begins, is supervised, ends once, and the peer is told how. The end
// itself is asked for what only it knows, by the supervisor and never on the data path.
//
//	begin -> supervise -> fail or finish -> insist or farewell -> Run returns
type Life struct {
	half     Half
	Workers  []Worker // the loops
	observer observe.Observer
	time     schedule.Timing
	Linger   time.Duration // see Live
	hearing  time.Duration // likewise
	giveup   atomic.Int64  // nanoseconds; see SetGiveup

	Done    atomic.Pointer[wire.Done] // set once all of it is in the sink; never at a sender
	Told    atomic.Bool               // the peer has said why it failed, so it need not be told
	Parted  atomic.Bool               // the peer has ended a link on which the last words were said, or has answered them
	Failing atomic.Bool               // the stream has failed: a sender sends no more legs, so that links are free to carry the reason
	Over    chan struct{}             // closed when the stream has ended
	Poke    chan struct{}             // makes the supervisor look now
	outcry  outcry.Outcry             // the supervisor's

	Placed    atomic.Pointer[Placement] // where the loops run
	Repinning sync.Mutex                // held by whoever decides that; locked before Mu
	Gauge     gauge.Gauge
	Curtain   Curtain

	// Mu guards what is below, and what the end says that it guards. Locks are taken in this order: that of the curtain, Repinning,
	// Mu, then that of a path, of the doors or of the outlet, then that of a loop, then that of its poller.
	Mu       sync.Mutex
	Outage   schedule.Outage
	Up       int    // links
	lost     uint64 // links that ended, and were a loss
	Started  time.Time
	first    time.Time // when the first link came up
	Ended    time.Time
	Finished bool
	Err      error
}

// Half is one end of a stream as its life sees it: what differs between the two. The supervisor asks.
type Half interface {
	Glance(now time.Time)                                       // each time the supervisor looks
	Concluded(now time.Time) bool                               // all is delivered, and there is nothing left to wait for
	Verdict(now time.Time) *Error                               // why there is no hope; nil: there is
	Speechless(now time.Time) bool                              // a link is still to be hoped for, to carry the last words, and there is none
	Patience() (dead, giveup time.Duration)                     // how long to wait for a peer that seems dead, and for any; negative: for ever. Under Mu
	Plight(now time.Time) outcry.Plight                         // under Mu
	Cry(o *observe.Outage, n outcry.News, p outcry.Plight) bool // completes what the user is to be told; false: it is not worth telling

	// Any goroutine asks.
	Bytes() uint64                    // read from the source, or written to the sink
	Account(sum *observe.Summary)     // completes what the stream has done
	LinkStatus() []observe.LinkStatus // of all links that there should be
	Fill(s *observe.Snapshot)         // completes how the stream stands
}

// Worker is a loop with its links, as the supervisor sees it. What is not of Looping runs on the loop's thread.
type Worker interface {
	loop.Looping
	MakeWay()                                    // ends links that cannot carry the last words
	Farewell(words []byte, left chan<- struct{}) // says them on every link, and signals left once they have gone out
	HeardOut() bool                              // the peer has them from one of the links, or it cannot be told that it has not
	Forsake()                                    // counts no more on links that have not carried them
	Count(g *gauge.Gauge)                        // names the links to the collector
	Describe() []observe.LinkStatus              // by any goroutine but the loop's
	Collect() []observe.LinkSummary              // likewise
	CloseLinks()                                 // closes what is left, when the loop has ended
}

// Live makes ready for what h will do. linger is how long the last words may take to be heard, when they have to be, and hearing how long
// to wait for that after they have left.
func (l *Life) Live(h Half, to observe.Observer, t schedule.Timing, linger, hearing time.Duration) {
	l.half, l.observer, l.time, l.Linger, l.hearing = h, to, t, linger, hearing
	l.Over, l.Poke, l.Gauge.Observer = make(chan struct{}), make(chan struct{}, 1), to
}

// Giveup is how long the stream waits while nothing gets through; negative: for ever. Any goroutine may call it.
func (l *Life) Giveup() time.Duration { return time.Duration(l.giveup.Load()) }

// SetGiveup changes that, at any time after Live.
func (l *Life) SetGiveup(d time.Duration) (was time.Duration) {
	was = time.Duration(l.giveup.Swap(int64(d)))
	l.Rouse()
	return was
}

// Run starts the loops, and a lookout for those that get stuck, which end stops. A fault in it ends the stream.
func (l *Life) Run() (end func()) {
	for _, w := range l.Workers {
		go w.Plain().Run()
	}
	return lookOut(l.Workers, l.time.Tick, l.observer, l.Fail)
}

// Repin has the loops run where at says, from now on.
func (l *Life) Repin(at *Placement) {
	for i, w := range l.Workers {
		w.Plain().Repin(at.CPUs[i])
	}
	l.Placed.Swap(at).tellNext(l.observer, at)
}

// Leave ends the loops and their links, and then calls tidy, which releases what the end has. From then on nobody looks at the stream. done
// is false, and the user is told, if a stuck thread or a fault left something unreleased. By then it has been said how the stream ended.
func (l *Life) Leave(tidy func()) (sum observe.Summary, done bool) {
	sum = l.Summary()
	l.Curtain.Fall()
	return sum, haltThen(l.Workers, func() {
		l.Gauge.Close()
		for _, w := range l.Workers {
			w.CloseLinks()
		}
		tidy()
	}, l.observer)
}

// Begin notes when the end began to wait for its peer, to which so many paths lead from here.
func (l *Life) Begin(now time.Time, paths int) {
	l.Mu.Lock() // somebody may already ask for a status
	defer l.Mu.Unlock()
	l.Started = now
	l.Outage.Start(now, paths)
}

// CameUp notes that a link came up. Under Mu.
func (l *Life) CameUp(now time.Time) {
	l.Up++
	l.Outage.LinkUp(now)
	if l.first.IsZero() {
		l.first = time.Now()
	}
}

// WentDown notes how a link ended, on its loop's thread, and whether that is a loss. Under Mu.
func (l *Life) WentDown(k *Link, how schedule.Ending, lost bool) {
	l.Up--
	if lost {
		l.lost++
	}
	l.Outage.LinkLost(how, k.Proved, k.Heard, k.Loop.Now)
}

// Forget notes that the peer and its links no longer concern the stream: the end waits for another one. Under Mu.
func (l *Life) Forget(now time.Time) {
	l.Outage.Forget(now)
	l.first, l.lost = time.Time{}, 0
}

// Complete notes that the sink has all of the stream; false if the stream has ended before, so that it is too late.
func (l *Life) Complete(d wire.Done, now time.Time) bool {
	l.Mu.Lock()
	defer l.Mu.Unlock()
	if l.Finished {
		return false
	}
	l.Ended = now
	l.Done.Store(&d)
	return true
}

// Answered notes that the peer has answered an attempt to connect.
func (l *Life) Answered() {
	l.Mu.Lock()
	defer l.Mu.Unlock()
	l.Outage.Meet(time.Now())
}

// Attempted notes what a failed attempt on a path, given by its order, says about the peer.
func (l *Life) Attempted(path int, r schedule.Reply) {
	l.Mu.Lock()
	l.Outage.Attempt(path, r, time.Now())
	l.Mu.Unlock()
	l.Rouse()
}

// LinksUp reports whether there are links.
func (l *Life) LinksUp() bool {
	l.Mu.Lock()
	defer l.Mu.Unlock()
	return l.Up > 0
}

// Fail ends the stream with an error, unless it has ended before, or all of it is delivered: from then on only the user can
// make it fail.
func (l *Life) Fail(err *Error) {
	l.Mu.Lock()
	defer l.Mu.Unlock()
	if l.Done.Load() == nil {
		l.FinishLocked(err)
	}
}

// Finish ends the stream, unless it has ended before; err is nil if it is delivered.
func (l *Life) Finish(err error) {
	l.Mu.Lock()
	defer l.Mu.Unlock()
	l.FinishLocked(err)
}

// FinishLocked is Finish, under Mu.
func (l *Life) FinishLocked(err error) {
	if l.Finished {
		return
	}
	l.Finished, l.Err = true, err
	if l.Ended.IsZero() {
		l.Ended = time.Now()
	}
	l.Failing.Store(err != nil)
	close(l.Over)
}

// Caught is for the goroutines of the stream to defer.
func (l *Life) Caught(where string) {
	if p := recover(); p != nil {
		l.Fail(Faulted(where, p, l.observer))
	}
}

// Rouse makes the supervisor judge the situation now.
func (l *Life) Rouse() {
	select {
	case l.Poke <- struct{}{}:
	default:
	}
}

// Supervise waits for the end of the stream, and ends it when there is no hope.
func (l *Life) Supervise(ctx context.Context) {
	defer l.Caught("supervisor")
	every := l.time.Tick * schedule.TicksPerLook
	timer := time.NewTimer(schedule.ToTick(time.Now(), every))
	defer timer.Stop()
	for {
		select {
		case <-l.Over:
			l.CryOut(time.Now())
			return
		case <-ctx.Done():
			l.Finish(Stopped(ctx))
			return
		case now := <-timer.C:
			timer.Reset(schedule.ToTick(now, every))
		case <-l.Poke:
		}
		now := time.Now()
		l.half.Glance(now)
		l.judge(now)
		l.CryOut(now)
	}
}

// judge ends the stream when it is settled, or hopeless.
func (l *Life) judge(now time.Time) {
	if l.half.Concluded(now) {
		l.Finish(nil)
		return
	}
	if err := l.half.Verdict(now); err != nil {
		l.Fail(err)
	}
}

// CryOut tells the user that nothing gets through to the peer.
func (l *Life) CryOut(now time.Time) {
	l.Mu.Lock()
	p := l.half.Plight(now)
	p.Met, p.Failed = l.Outage.Met(), l.Finished && !p.Over
	until, keyword := l.Outage.Deadline(l.half.Patience())
	l.Mu.Unlock()
	n := l.outcry.Look(now, p, l.time)
	if n == outcry.None {
		return
	}
	if o := l.outcry.Outage(n, now, until, observe.Limit(keyword)); l.half.Cry(&o, n, p) {
		observe.Tell(l.observer, o)
	}
}

// Stopped is the error of a stream whose context has ended.
func Stopped(ctx context.Context) *Error {
	if e, ok := errors.AsType[*Error](context.Cause(ctx)); ok {
		return e
	}
	return Fail(StatusInterrupt, context.Cause(ctx), "stopped")
}

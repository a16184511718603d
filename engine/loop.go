package engine

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"viamillipede/affinity"
	"viamillipede/netio"
)

// watcher is told when a descriptor that it put under a loop's watch is ready. Readiness may be spurious.
type watcher interface{ ready(events uint32) }

// loop is one OS thread that waits in its own epoll instance and runs everything that its links do. Only post, nudge and
// watch may be called from other threads.
//
// A round: wait, tell the watchers, run what was posted, tick when it is time, then the owner's after. The wait does not
// block when after asked for another round.
type loop struct {
	id    int
	cpu   int // to be pinned to; -1 is any. For the loop's thread once it runs
	poll  *netio.Poller
	wake  *netio.Wake
	log   *Log
	every time.Duration // between ticks

	now  time.Time // start of this round; for the loop's thread only
	tick func()
	// after is the end of a round; true asks for another without waiting.
	after func() bool

	broke func(*Error) // takes in why the loop cannot go on; set before it runs

	past *linkSums // of links that ended; nil: nobody wants to know

	// sooner bounds the next wait; zero is the tick's business alone.
	sooner time.Duration

	nudged atomic.Bool // a wake-up is under way: no need for a second
	broken bool        // the loop ended in the middle of something; for its thread, and after done
	stop   bool        // end the loop after this round; set on its thread
	done   chan struct{}

	mu       sync.Mutex
	ended    bool      // nothing is called any more; guarded by mu, as is all below
	posted   []func()  //
	watchers []watcher // by token; guarded by mu
}

const wakeToken = 0

func newLoop(id, cpu int, every time.Duration, log *Log) (*loop, error) {
	poll, err := netio.NewPoller()
	if err != nil {
		return nil, err
	}
	wake, err := netio.NewWake()
	if err != nil {
		poll.Close()
		return nil, err
	}
	l := &loop{id: id, cpu: cpu, poll: poll, wake: wake, log: log, every: every, done: make(chan struct{})}
	l.watchers = []watcher{wakeToken: l}
	if err := poll.Add(wake.FD(), netio.Readable, wakeToken); err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

// ready answers the loop's own wake-up. The flag goes first: a nudge that comes later signals anew.
func (l *loop) ready(uint32) {
	l.nudged.Store(false)
	l.wake.Clear()
}

// nudge makes the loop run a round soon.
func (l *loop) nudge() {
	if l.nudged.CompareAndSwap(false, true) {
		l.wake.Signal()
	}
}

// post has the loop's thread call f soon; false: the loop has ended, and f is never called. One that ends before its next round
// does not call f either.
func (l *loop) post(f func()) bool {
	l.mu.Lock()
	if l.ended {
		l.mu.Unlock()
		return false
	}
	l.posted = append(l.posted, f)
	l.mu.Unlock()
	l.nudge()
	return true
}

// do calls f on the loop's thread: at once when the caller, running on its own loop, is on it.
func (l *loop) do(caller *loop, f func()) {
	if l == caller {
		f()
		return
	}
	l.post(f)
}

// within has the next round begin after d at the latest; for the loop's thread.
func (l *loop) within(d time.Duration) {
	if l.sooner == 0 || d < l.sooner {
		l.sooner = d
	}
}

// watch puts fd under watch and returns the token to change or end it with.
func (l *loop) watch(fd int, events uint32, w watcher) (token int32, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	token = int32(len(l.watchers))
	for i, old := range l.watchers {
		if old == nil {
			token = int32(i)
			break
		}
	}
	if err := l.poll.Add(fd, events, token); err != nil {
		return 0, err
	}
	if int(token) == len(l.watchers) {
		l.watchers = append(l.watchers, nil)
	}
	l.watchers[token] = w
	return token, nil
}

// unwatch ends a watch; on the loop's thread. An event of this round may still reach whoever gets the token next.
func (l *loop) unwatch(fd int, token int32) {
	_ = l.poll.Remove(fd)
	l.mu.Lock()
	l.watchers[token] = nil
	l.mu.Unlock()
}

// run is the loop's goroutine. It never unlocks its thread, so that the thread, with its affinity, ends with it.
func (l *loop) run() {
	defer l.end()
	defer caught(fmt.Sprintf("loop %d", l.id), l.log, l.fails)
	runtime.LockOSThread()
	l.pin()
	l.now = time.Now()
	due := l.now.Add(l.every)
	again := true
	for !l.stop {
		events, err := l.poll.Wait(l.patience(again, due))
		if err != nil {
			l.fails(fail(StatusInternal, err, "loop %d cannot wait", l.id))
			return
		}
		l.now = time.Now()
		l.tell(events)
		l.runPosted()
		if !l.now.Before(due) {
			due = l.now.Add(l.every)
			l.tick()
		}
		again = l.after()
	}
}

// fails ends the stream; its other loops say so.
func (l *loop) fails(err *Error) {
	l.broken = true
	if l.broke != nil {
		l.broke(err)
	}
}

// end says that nothing is called any more.
func (l *loop) end() {
	l.mu.Lock()
	l.ended = true
	l.mu.Unlock()
	close(l.done)
}

// pin ties the thread to the loop's CPU.
func (l *loop) pin() {
	if l.cpu < 0 {
		return
	}
	if err := affinity.Pin(l.cpu); err != nil {
		l.log.Printf(LevelChoices, "loop %d is not pinned to CPU %d: %v", l.id, l.cpu, err)
	}
}

// repin has the loop run on another CPU soon.
func (l *loop) repin(cpu int) {
	l.post(func() {
		if cpu != l.cpu {
			l.cpu = cpu
			l.pin()
		}
	})
}

// patience is how long the round may wait, in milliseconds.
func (l *loop) patience(again bool, due time.Time) int {
	if again {
		return 0
	}
	left := due.Sub(l.now)
	if l.sooner > 0 {
		left = min(left, l.sooner)
		l.sooner = 0
	}
	if left <= 0 {
		return 0
	}
	return int((left + time.Millisecond - 1) / time.Millisecond)
}

func (l *loop) tell(events []netio.Event) {
	for _, e := range events {
		l.mu.Lock()
		w := l.watchers[e.Token]
		l.mu.Unlock()
		if w != nil {
			w.ready(e.Ready)
		}
	}
}

func (l *loop) runPosted() {
	l.mu.Lock()
	posted := l.posted
	l.posted = nil
	l.mu.Unlock()
	for _, f := range posted {
		f()
	}
}

// haltMost is how long the end of a stream waits for its loops' threads. One that the kernel does not give back, in a call
// that was not to wait, must not keep the program.
const haltMost = 2 * time.Second

// haltAll ends the loops and waits for their threads; then close may be called, unless one of them did not end: what that one
// has stays its own.
func haltAll[T interface{ halting() *loop }](loops []T, atMost time.Duration) (all bool) {
	for _, l := range loops {
		l := l.halting()
		l.post(func() { l.stop = true })
	}
	timeout := time.NewTimer(atMost)
	defer timeout.Stop()
	for _, l := range loops {
		select {
		case <-l.halting().done:
		case <-timeout.C:
			return false
		}
	}
	return true
}

// halting is the loop of whatever is more than a loop.
func (l *loop) halting() *loop { return l }

func (l *loop) close() {
	l.wake.Close()
	l.poll.Close()
}

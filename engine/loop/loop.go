// Package loop runs what the links of a stream do: a loop is one OS thread with its own epoll instance, its own descriptors and its own posts;
// while it does little, a goroutine. It knows nothing of legs and links; its owner says what happens at a tick and at the end of a round.
//
//	loop.go       a round, and what other threads may ask of a loop
//	clock.go      its ticks, and how long it waits
//	rest.go       whether it has a thread of its own
//	takeover.go   a thread stuck in the kernel loses its loop to a new one
//	halt.go       the end of several loops
package loop

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"viamillipede/engine/schedule"
	"viamillipede/netio"
)

// Watcher is told when a descriptor that it put under a loop's watch is ready: of the netio events that it asked for, and of
// errors. Readiness may be spurious. It is called on the loop's thread.
type Watcher interface{ Ready(events uint32) }

// Loop is one OS thread that waits in its own epoll instance and runs everything that its links do. While it is tied to no CPU and does
// little, it is a goroutine on any thread (rest.go), which then is the loop's thread. Unless a method says that other threads may call it,
// only the loop's thread may: the one that has the helm (takeover.go).
//
// A round: wait, tell the watchers, run what was posted, tick when it is time, then the owner's After. The wait does not
// block when After asked for another round.
type Loop struct {
	ID   int // from 0, in its stream; never changes
	cpu  int // to pin the thread to; -1: any. For the loop's thread once it runs
	poll *netio.Poller
	wake *netio.Wake

	Now time.Time // start of this round; for the loop's thread

	// The owner's. All are set before the loop runs, and called on its thread; the first two are needed.
	Tick  func()          // the loop's clock has ticked
	After func() bool     // the end of a round; true asks for another without waiting. It may be replaced on the loop's thread
	Fails func(err error) // the loop ends, because it cannot wait
	Fault func(p any)     // the loop ends, because its thread panicked with p; the stack is still there

	// Likewise, except that any thread may call them, and that each may be nil.
	TakenOver func()                   // another thread has taken over from one that waits in the kernel
	Unpinned  func(cpu int, err error) // the thread cannot be bound to that CPU
	Stuck     func()                   // the loop has ended, but a thread has not come back from the kernel: what it holds stays open

	clock
	rest

	nudged atomic.Bool // a wake-up is under way: no need for a second
	broken bool        // the loop ended in the middle of something; for its thread, and after done
	stop   bool        // end the loop after this round; set on its thread
	done   chan struct{}

	helm // who runs the loop; see takeover.go

	// What is left of a round, for the thread that goes on with it.
	events []netio.Event
	batch  []func()
	again  bool // the next round begins at once

	// mu comes after every lock of the owner's: nobody's code is called under it, and only the poller's own lock is taken.
	mu       sync.Mutex
	ended    bool      // nothing is called any more; guarded by mu, as is all below
	posted   []func()  //
	watchers []Watcher // by token; guarded by mu
}

const wakeToken = 0

// New makes a loop that ticks at the given interval (more than 0) and is to run on the given CPU; -1 is any. Nothing runs yet.
// The owner closes the loop, once it has ended or if it never ran.
func New(id, cpu int, every time.Duration) (*Loop, error) {
	poll, err := netio.NewPoller()
	if err != nil {
		return nil, err
	}
	wake, err := netio.NewWake()
	if err != nil {
		poll.Close()
		return nil, err
	}
	l := &Loop{ID: id, cpu: cpu, poll: poll, wake: wake, clock: clock{every: every}, rest: rest{quiet: schedule.QuietTicks}, done: make(chan struct{}), helm: newHelm()}
	l.watchers = []Watcher{wakeToken: (*waker)(l)}
	if err := poll.Add(wake.FD(), netio.Readable, wakeToken); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// waker is a loop as the watcher of its own wake-up.
type waker Loop

// Ready answers the loop's own wake-up. The flag is cleared last. Were it cleared first, a nudge in between would set it again
// and lose its signal along with the old one, and no later nudge would signal. A nudge that finds the flag set is answered by
// this round, which looks at what was posted after this.
func (l *waker) Ready(uint32) {
	l.wake.Clear()
	l.nudged.Store(false)
}

// Nudge makes the loop run a round soon. Any thread may call it.
func (l *Loop) Nudge() {
	if l.nudged.CompareAndSwap(false, true) {
		l.wake.Signal()
	}
}

// Post has the loop's thread call f soon. It returns false if the loop has ended; then f is never called. Neither is it if the
// loop ends before its next round. Any thread may call Post.
func (l *Loop) Post(f func()) bool {
	l.mu.Lock()
	if l.ended {
		l.mu.Unlock()
		return false
	}
	l.posted = append(l.posted, f)
	l.mu.Unlock()
	l.Nudge()
	return true
}

// Do calls f on the loop's thread: at once if that is the calling one, so that caller is l. caller is the loop whose thread
// calls Do, or nil; any thread may.
func (l *Loop) Do(caller *Loop, f func()) {
	if l == caller {
		f()
		return
	}
	l.Post(f)
}

// Watch puts fd under watch for the events and returns the token to change or end it with. Any thread may call it.
// Errors: what epoll_ctl(2) says.
func (l *Loop) Watch(fd int, events uint32, w Watcher) (token int32, err error) {
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

// Rewatch changes what fd is watched for. Any thread may call it. Errors: what epoll_ctl(2) says.
func (l *Loop) Rewatch(fd int, events uint32, token int32) error {
	return l.poll.Modify(fd, events, token)
}

// Rearm is Rewatch for what may have been replaced by another open file since (dup3(2), parties.Opener). Any thread may call it.
func (l *Loop) Rearm(fd int, events uint32, token int32) error {
	err := l.poll.Modify(fd, events, token)
	if netio.Unwatched(err) {
		err = l.poll.Add(fd, events, token)
	}
	return err
}

// Mute ends a watch for a while, or for good, and keeps its token. Any thread may call it.
func (l *Loop) Mute(fd int) { _ = l.poll.Remove(fd) }

// Unmute resumes a muted watch. Any thread may call it. Errors: what epoll_ctl(2) says.
func (l *Loop) Unmute(fd int, events uint32, token int32) error {
	return l.poll.Add(fd, events, token)
}

// Unwatch ends a watch, and its token with it. An event of this round may still reach whoever gets the token next.
func (l *Loop) Unwatch(fd int, token int32) {
	_ = l.poll.Remove(fd)
	l.mu.Lock()
	l.watchers[token] = nil
	l.mu.Unlock()
}

// Run is the loop's goroutine, until another one takes the loop over. It never unlocks a thread that was tied to a CPU, so that the thread,
// with its affinity, ends with it. A loop that was taken over ends only once the threads that it lost have come back.
func (l *Loop) Run() {
	defer l.leave()
	defer l.caught()
	on := seat{cpu: -1}
	if l.cpu >= 0 {
		l.sit(&on)
	}
	l.wind(time.Now())
	var waits, busy time.Time // when the last wait that could block began; and since when there was none that lasted
	for {
		l.rounds.Add(1)
		l.Now = time.Now()
		if l.Now.Sub(waits) >= schedule.RestLeast && !waits.IsZero() {
			busy = l.Now // the scheduler has had its chance
		}
		if l.Now.Sub(busy) >= schedule.YieldEvery {
			runtime.Gosched()
			l.Now = time.Now()
			busy = l.Now
		}
		if l.work(); l.aboard {
			return
		}
		l.admit()
		if l.stop && l.overtaken.Load() == 0 {
			return
		}
		patience := l.patience()
		if waits = (time.Time{}); patience > 0 {
			waits = time.Now()
		}
		events, err := l.wait(patience, &on)
		if err != nil {
			l.broken = true
			if l.Fails != nil {
				l.Fails(err)
			}
			return
		}
		l.events = events
	}
}

// work is a round, or the rest of one; only a part of it if another thread takes the loop over meanwhile.
func (l *Loop) work() {
	if l.tell(); l.aboard {
		return
	}
	if l.runPosted(); l.aboard {
		return
	}
	if l.ticks(l.Now) {
		if l.Tick(); l.aboard {
			return
		}
		l.note(l.rounds.Load(), l.calm)
	}
	again := l.After()
	if !l.aboard {
		l.again = again
	}
}

// caught handles a panic of the thread that defers it, if there is one: the loop ends.
func (l *Loop) caught() {
	if p := recover(); p != nil {
		l.broken = true
		if l.Fault != nil {
			l.Fault(p)
		}
	}
}

// leave ends a thread of the loop: one that was overtaken gives the helm back; any other ends the loop.
func (l *Loop) leave() {
	if l.aboard {
		l.overtaken.Add(-1)
		l.handBack()
		return
	}
	l.end()
}

// end marks the loop as ended: nothing is called any more.
func (l *Loop) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.ended {
		l.ended = true
		close(l.done)
	}
}

// Repin has the loop run on another CPU soon. Any thread may call it.
func (l *Loop) Repin(cpu int) {
	l.Post(func() { l.cpu = cpu })
}

// Nudges reports whether the loop was nudged since it was last asked. It is for a simulation too.
func (l *Loop) Nudges() bool { return l.nudged.Swap(false) }

// tell calls the watchers of what is ready.
func (l *Loop) tell() {
	for len(l.events) > 0 && !l.aboard {
		e := l.events[0]
		l.events = l.events[1:]
		l.mu.Lock()
		w := l.watchers[e.Token]
		l.mu.Unlock()
		if w != nil {
			w.Ready(e.Ready)
		}
	}
}

// runPosted calls what an overtaken thread left of its round, and then all that has been posted since: a post does not wake
// the loop again before this round has answered the wake-up.
func (l *Loop) runPosted() {
	if l.runBatch(); l.aboard {
		return
	}
	l.mu.Lock()
	l.batch, l.posted = l.posted, nil
	l.mu.Unlock()
	l.runBatch()
}

func (l *Loop) runBatch() {
	for len(l.batch) > 0 && !l.aboard {
		f := l.batch[0]
		l.batch = l.batch[1:]
		f()
	}
}

// Plain returns the loop itself, for a type that embeds one; see Looping.
func (l *Loop) Plain() *Loop { return l }

// Broken reports whether the loop ended in the middle of something; for its thread, and for all once it has ended.
func (l *Loop) Broken() bool { return l.broken }

// Done is closed when the loop has ended.
func (l *Loop) Done() <-chan struct{} { return l.done }

// Await waits at most so long until something that the loop watches is ready. It is for work that is left once the loop has ended.
func (l *Loop) Await(atMost time.Duration) {
	_, _ = l.poll.Wait(int(atMost / time.Millisecond))
}

// Ask calls question on the loop's thread and returns the answer; nil if the loop has ended, or does not answer within the
// patience. Any thread but the loop's may call it.
func Ask[T any](l *Loop, patience time.Duration, question func() []T) []T {
	answer := make(chan []T, 1)
	if !l.Post(func() { answer <- question() }) {
		return nil
	}
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	select {
	case list := <-answer:
		return list
	case <-l.done:
	case <-timeout.C:
	}
	return nil
}

// Close closes the descriptors. The loop must not be running.
func (l *Loop) Close() {
	l.wake.Close()
	l.poll.Close()
}

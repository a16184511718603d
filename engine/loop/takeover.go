package loop

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"time"

	"viamillipede/engine/schedule"
)

// A call on a descriptor that other programs share may sleep in the kernel, whatever O_NONBLOCK says, and no signal wakes it:
// another process in splice(2) holds the pipe's lock, a file system is frozen, a disk does not answer. The links must not
// suffer: their heartbeats, acks and legs go on. So when a loop's thread does not come back from such a call, a new thread
// takes the loop over and continues the round where the old one was.
//
//	the loop's thread          the lookout                     a new thread
//	--------------------------------------------------------------------------------------
//	makes the call (Away)
//	      .                    the round lasts, in a call:
//	      .                    the loop is taken over ------->  runs the loop
//	the call returns: asks to be let in                          .
//	      <------------------------------------------- the helm, between two rounds
//	goes on from the call, until it is back in Run
//	      ------- the helm: at the next such call, and in the end ->  runs on
//	ends
//
// Only the thread that has the helm touches what belongs to the loop, so the code around a call needs no locks. It must
// expect, though, that the loop and its links have changed across the call. A link that such a call concerns is marked by its
// owner: nobody else uses its connection the same way, and its end waits for the call's. In a quiet loop all this costs two
// atomic operations a call.
//
// So that threads do not get stuck one after the other, nobody begins a call on a shore where one is stuck.
type helm struct {
	seq    atomic.Uint64 // odd: the thread that runs the loop is in a call that may wait
	rounds atomic.Uint64
	seen   uint64 // the last value of rounds that the lookout saw; its own
	at     *Shore // what the call is made on; written before seq becomes odd

	// aboard: a thread that was overtaken has the helm. Only the holder of the helm uses it.
	aboard    bool
	overtaken atomic.Int32  // threads that were, and have not ended
	wanting   atomic.Int32  // of these, those that want the helm
	let, back chan struct{} // pass the helm to such a thread, and back
}

// strandedMost bounds how many threads of one loop are stuck: one with the turn, and one already on its way when that began.
const strandedMost = 2

func newHelm() helm { return helm{let: make(chan struct{}), back: make(chan struct{})} }

// Shore is an end of the stream, a source or a sink, on which calls may wait.
type Shore struct {
	stuck atomic.Int32 // calls that were overtaken and have not returned

	// The owner's; both are set before a loop runs, and called on any loop's thread.
	Freed  func()                // no call is stuck any more
	Lapses func() (lasts func()) // for tests: the next call seems stuck in the kernel until lasts returns; nil: it does not
}

// Busy reports whether a call is stuck. A caller that holds off for that reason is told by Freed.
func (s *Shore) Busy() bool { return s.stuck.Load() > 0 }

func (s *Shore) enter() { s.stuck.Add(1) }

func (s *Shore) leave() {
	if s.stuck.Add(-1) == 0 {
		s.Freed()
	}
}

// Aboard reports whether the thread that runs the loop now has come back from a call that was overtaken. The round it was in is
// another thread's now, so it must return without touching more of the loop than the call was about.
func (l *Loop) Aboard() bool { return l.aboard }

// InKernel is how many threads of the loop have been overtaken and have not ended. Any thread may call it.
func (l *Loop) InKernel() int { return int(l.overtaken.Load()) }

// Away makes a call that may wait. The caller has the helm, and has it again when Away returns. call must touch nothing that
// belongs to the loop.
func (l *Loop) Away(s *Shore, call func()) {
	if l.aboard {
		s.enter()
		l.handBack()
		fault := guarded(call)
		l.askHelm(s)
		again(fault)
		return
	}
	l.at = s
	seq := l.seq.Add(1)
	if s.Lapses != nil {
		l.lapse(s, seq)
	}
	fault := guarded(call)
	if !l.seq.CompareAndSwap(seq, seq+1) {
		l.askHelm(s)
	}
	again(fault)
}

// guarded makes the call and keeps a panic in it until the caller may touch the loop again.
func guarded(call func()) (fault error) {
	defer func() { fault = Carried(recover()) }()
	call()
	return nil
}

// again panics with a fault that was kept; nil: there was none.
func again(fault error) {
	if fault != nil {
		panic(fault)
	}
}

// Carried is what a goroutine panicked with, and its stack, for another one to handle; nil if p is nil. It must be called where
// p was recovered.
func Carried(p any) error {
	if p == nil {
		return nil
	}
	return fmt.Errorf("%v\n%s", p, debug.Stack())
}

// lapse has the loop taken over, for as long as a test wants, in the call of that number.
func (l *Loop) lapse(s *Shore, seq uint64) {
	if lasts := s.Lapses(); lasts != nil && l.takeOver(seq) {
		lasts()
	}
}

// askHelm waits for the helm, after a call during which the loop was taken over. It does not return if the loop has ended.
func (l *Loop) askHelm(s *Shore) {
	l.wanting.Add(1)
	l.Nudge()
	select {
	case <-l.let:
	case <-l.done:
		runtime.Goexit()
	}
	l.aboard = true
	s.leave()
}

// handBack gives the helm back to the thread that runs the loop.
func (l *Loop) handBack() {
	l.aboard = false
	l.back <- struct{}{}
}

// admit lends the helm to the threads that want it, at the end of a round.
func (l *Loop) admit() {
	for l.wanting.Load() > 0 {
		l.wanting.Add(-1)
		l.let <- struct{}{}
		<-l.back
	}
}

// takeOver has a new thread run the loop in place of the one that is in the call with the given number. It reports false if
// that call has returned, or too many threads are stuck already.
func (l *Loop) takeOver(seq uint64) bool {
	if l.overtaken.Load() >= strandedMost || !l.seq.CompareAndSwap(seq, seq+1) {
		return false
	}
	l.overtaken.Add(1)
	l.at.enter()
	go l.Run()
	return true
}

// LookOut takes over stuck loops, until it is told to stop. A loop is stuck if the same round lasts from one look to the next
// and is in a call that may wait, even if no longer in the same one: many slow calls are as bad as one that is stuck. While the loops
// do next to nothing, looks are rarer.
func LookOut[T Looping](loops []T, every time.Duration, stop <-chan struct{}) {
	timer := time.NewTimer(every)
	defer timer.Stop()
	for {
		select {
		case <-stop:
			return
		case <-timer.C:
		}
		pause := every * schedule.TicksPerLook
		for _, l := range loops {
			if !l.Plain().look() {
				pause = every
			}
		}
		timer.Reset(schedule.ToTick(time.Now(), pause))
	}
}

// look reports whether the loop has next to nothing to do.
func (l *Loop) look() (rests bool) {
	seq, round := l.seq.Load(), l.rounds.Load()
	did := round - l.seen
	l.seen = round
	if seq%2 == 0 {
		return did <= schedule.RoundsAtRest
	}
	if did == 0 && l.takeOver(seq) && l.TakenOver != nil {
		l.TakenOver()
	}
	return false
}

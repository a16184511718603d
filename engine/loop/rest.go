package loop

import (
	"runtime"
	"time"

	"viamillipede/affinity"
	"viamillipede/engine/schedule"
	"viamillipede/netio"
)

// A busy loop has a thread for itself: nobody comes between it and its links, and to wait costs one call. But of many streams most are
// idle, and at each tick their threads would have to be switched to, one after the other. So a loop that is tied to no CPU has none while
// it makes few rounds:
//
//	rests -- a tick: many rounds, or something goes on --> busy -- QuietTicks ticks in a row: few, and nothing --> rests
//
// A thread may be what waits for the network on behalf of all loops that rest, so none is taken for a few bytes now and then.

// rest is how busy a loop is; for its thread.
type rest struct {
	before uint64 // rounds, at the last tick
	quiet  int    // ticks in a row that found few rounds
}

// note is called at each tick with the number of rounds, and whether nothing goes on.
func (r *rest) note(rounds uint64, calm bool) {
	if r.quiet++; !calm || rounds-r.before > schedule.RoundsQuiet {
		r.quiet = 0
	}
	r.before = rounds
}

// rests reports whether the loop needs no thread of its own.
func (r *rest) rests() bool { return r.quiet >= schedule.QuietTicks }

// seat is the thread that a goroutine of a loop has for itself. It belongs to that goroutine.
type seat struct {
	taken bool // the goroutine is locked to the thread
	cpu   int  // that the thread is tied to, or was to be; -1: none
}

// wait waits for events, for so many milliseconds at most.
func (l *Loop) wait(patience int, on *seat) ([]netio.Event, error) {
	if patience == 0 {
		return l.poll.Wait(0)
	}
	if l.cpu < 0 && on.cpu < 0 && l.rests() {
		l.rise(on)
		return l.poll.Rest(time.Duration(patience) * time.Millisecond)
	}
	l.sit(on)
	return l.poll.Wait(patience)
}

// sit gives the goroutine a thread of its own, tied to the loop's CPU if there is one.
func (l *Loop) sit(on *seat) {
	if !on.taken {
		on.taken = true
		runtime.LockOSThread()
		go func() {}() // starts a thread that waits for the network if it was this one that did
	}
	if l.cpu == on.cpu || l.cpu < 0 {
		return
	}
	on.cpu = l.cpu
	if err := affinity.Pin(l.cpu); err != nil && l.Unpinned != nil {
		l.Unpinned(l.cpu, err)
	}
}

// rise gives the thread back.
func (l *Loop) rise(on *seat) {
	if on.taken {
		on.taken = false
		runtime.UnlockOSThread()
	}
}

package schedule

import (
	"testing"
	"time"
)

// restingEnd is an end of a link, with the clock of its loop.
type restingEnd struct {
	quiet        Quiet
	heard, spoke time.Time
	tick         time.Time // the next one
	beats        int
	found        time.Time // when it found the link dead; zero: it did not
}

// restingLink is a link whose ends tick, beat and listen as loops have them do. What one says takes delay until the other hears it.
type restingLink struct {
	t     Timing
	delay time.Duration
	now   time.Time
	ends  [2]restingEnd // the sender's, the receiver's
	way   []word
	dumb  bool // nothing gets through any more
}

// word is what is on its way to an end.
type word struct {
	to   int
	at   time.Time
	beat bool
}

func newRestingLink(agreed bool, delay time.Duration) *restingLink {
	l := &restingLink{t: Default(), delay: delay, now: time.Unix(1000, 0)}
	for i := range l.ends {
		e := &l.ends[i]
		e.heard, e.spoke, e.tick, e.quiet.Agreed = l.now, l.now, l.now.Add(l.t.Tick), agreed
	}
	return l
}

// say has an end say something; an ack if it is the receiver, and no heartbeat.
func (l *restingLink) say(from int, beat bool) {
	l.ends[from].spoke = l.now
	if !beat && from == 0 {
		l.stir(0)
	}
	if !l.dumb {
		l.way = append(l.way, word{1 - from, l.now.Add(l.delay), beat})
	}
}

// stir is Loop.Stir, and the note that something else than a heartbeat was sent.
func (l *restingLink) stir(end int) {
	e := &l.ends[end]
	e.quiet.Stirred = true
	if due := l.now.Add(ToTick(l.now, l.t.Tick)); due.Before(e.tick) {
		e.tick = due
	}
}

// run lets time pass.
func (l *restingLink) run(d time.Duration) {
	for end := l.now.Add(d); l.now.Before(end); l.now = l.now.Add(10 * time.Millisecond) {
		for len(l.way) > 0 && !l.now.Before(l.way[0].at) {
			w := l.way[0]
			l.way = l.way[1:]
			l.ends[w.to].heard = l.now
			if !w.beat && w.to == 1 {
				l.stir(1)
				l.say(1, false)
			}
		}
		for i := range l.ends {
			if e := &l.ends[i]; !l.now.Before(e.tick) {
				l.look(i)
			}
		}
	}
}

// look is a tick of an end, of a loop to which nothing else happens.
func (l *restingLink) look(i int) {
	e := &l.ends[i]
	e.quiet.Look(l.now, false, l.t)
	every := l.t.Beat
	if e.quiet.Rests() {
		every = l.t.RestBeat
	}
	e.tick = l.now.Add(ToTick(l.now, every))
	if silent, most := e.quiet.Silence(l.now, e.heard, l.t); silent >= most && e.found.IsZero() {
		e.found = l.now
	}
	if l.now.Sub(e.spoke) >= e.quiet.Beat(l.t.Beat/2, l.t) {
		e.beats++
		l.say(i, true)
	}
}

// foundAfter is when both ends have found that the link is dead, counted from a time.
func (l *restingLink) foundAfter(t *testing.T, from time.Time) (after [2]time.Duration) {
	t.Helper()
	for i, e := range l.ends {
		if e.found.IsZero() {
			t.Errorf("end %d does not find that the link is dead", i)
			continue
		}
		after[i] = e.found.Sub(from)
	}
	return after
}

var delays = []time.Duration{0, 30 * time.Millisecond, 700 * time.Millisecond}

// A link that rests beats a fifth as often, at both ends; one whose ends have not agreed on that beats as ever.
func TestHeartbeatsOfALinkThatRests(t *testing.T) {
	for _, delay := range delays {
		for agreed, most := range map[bool]int{true: 13, false: 61} {
			l := newRestingLink(agreed, delay)
			l.run(20 * time.Second)
			l.ends[0].beats, l.ends[1].beats = 0, 0
			l.run(time.Minute)
			for i, e := range l.ends {
				if e.beats > most || e.beats < most/2 || !e.found.IsZero() {
					t.Errorf("agreed %v, a delay of %v: end %d beats %d times a minute, and is dead: %v", agreed, delay, i, e.beats, !e.found.IsZero())
				}
			}
		}
	}
}

// Whenever something is sent, however rarely or often, no end takes the other for dead.
func TestRestIsNoDeath(t *testing.T) {
	for _, delay := range delays {
		for _, pause := range []time.Duration{
			300 * time.Millisecond, 900 * time.Millisecond, 3900 * time.Millisecond, 4900 * time.Millisecond, 5010 * time.Millisecond, 5400 * time.Millisecond,
			7300 * time.Millisecond, 9990 * time.Millisecond, 14100 * time.Millisecond, 61 * time.Second,
		} {
			l := newRestingLink(true, delay)
			for range 40 {
				l.run(pause)
				l.say(0, false)
			}
			for i, e := range l.ends {
				if !e.found.IsZero() {
					t.Errorf("a delay of %v, something each %v: end %d takes the link for dead", delay, pause, i)
				}
			}
		}
	}
}

// A link that falls silent while it rests is found dead within DeadPeer and a tick.
func TestDeathOfALinkThatRests(t *testing.T) {
	for _, delay := range delays {
		for after := 20 * time.Second; after < 31*time.Second; after += 700 * time.Millisecond {
			l := newRestingLink(true, delay)
			l.run(after)
			l.dumb = true
			silent := l.now
			l.run(time.Minute)
			for i, d := range l.foundAfter(t, silent) {
				if d > DeadPeer+l.t.RestBeat+delay {
					t.Errorf("a delay of %v, silent after %v: end %d finds it after %v", delay, after, i, d)
				}
			}
		}
	}
}

// Once something waits for a link that has died while it rested, it is found dead as soon as any: after Timing.Dead.
func TestDeathOfALinkThatWakes(t *testing.T) {
	for wait := time.Duration(0); wait < 9*time.Second; wait += 400 * time.Millisecond {
		l := newRestingLink(true, 30*time.Millisecond)
		l.run(23 * time.Second)
		l.dumb = true
		l.run(wait)
		l.say(0, false)
		woken := l.now
		l.run(time.Minute)
		if d := l.foundAfter(t, woken)[0]; d > l.t.Dead+l.t.Beat+2*l.t.Tick {
			t.Errorf("sent %v after it fell silent: the sender finds it after %v", wait, d)
		}
	}
}

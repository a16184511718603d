package schedule

import "time"

// Quiet is whether a link rests, where its ends have agreed that links may (wire.FeatureRest):
//
//	awake -- the sender says nothing but that it lives, for Timing.RestAfter --> rests -- it says something else --> awake
//
// Both ends see the same frames, so that they agree on it but for the time that a frame takes; heartbeats take as long. A link that rests
// beats rarely, and may be silent for longer. From the moment at which it wakes it has as long as any other: a link that is dead is found to
// be as soon as ever once something waits for it. The zero Quiet is that of a link that never rests. It belongs to its loop's thread.
type Quiet struct {
	Agreed  bool // it may rest
	Stirred bool // the sender has said something else since the last look

	since time.Time // of the last look that found something else, or the first
	woke  time.Time // when it last ceased to rest; zero: it never did
	rests bool
}

// Look notes, at each tick, how things are. busy: something is on its way.
func (q *Quiet) Look(now time.Time, busy bool, t Timing) {
	if !q.Agreed {
		return
	}
	if busy || q.Stirred || q.since.IsZero() {
		if q.rests {
			q.woke = now
		}
		q.since, q.Stirred, q.rests = now, false, false
		return
	}
	q.rests = t.RestAfter > 0 && now.Sub(q.since) >= t.RestAfter
}

// Rests reports whether the link rested at the last look.
func (q *Quiet) Rests() bool { return q.rests }

// Beat is how long the link may say nothing, where it is so long while it is awake.
func (q *Quiet) Beat(awake time.Duration, t Timing) time.Duration {
	if q.rests {
		return t.RestBeat / 2 // a loop all of whose links rest ticks as often as RestBeat
	}
	return awake
}

// Every is how often the peer says something.
func (q *Quiet) Every(t Timing) time.Duration {
	if q.rests {
		return t.RestBeat
	}
	return t.Beat
}

// Silence is for how long the link, which last brought something at that time, has been silent, and how long it may be.
func (q *Quiet) Silence(now, heard time.Time, t Timing) (silent, most time.Duration) {
	if q.rests {
		return now.Sub(heard), t.RestDead
	}
	return now.Sub(Later(heard, q.woke)), t.Dead
}

// WithTrip is how long a link may be silent whose round trip that is, where it may be for so long on a near one. So much longer it takes until
// a peer is heard for the first time, and where TCP has sent what it may and waits. Round trips longer than TripMost are measured only where
// a queue is deep, or after an outage.
func WithTrip(most, trip time.Duration) time.Duration { return most + min(trip, TripMost) }

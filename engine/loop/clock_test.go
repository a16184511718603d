package loop

import (
	"testing"
	"time"

	"viamillipede/engine/schedule"
)

// Ticks fall on multiples of their interval, rarely while all is calm, and soon again after that.
func TestClock(t *testing.T) {
	const every = 100 * time.Millisecond
	l, err := New(0, -1, every)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	at := func(ms int) time.Time { return time.Unix(1000, 0).Add(time.Duration(ms) * time.Millisecond) }
	due := func(what string, want int) {
		t.Helper()
		if !l.due.Equal(at(want)) {
			t.Errorf("%s: the next tick is at %d ms, want %d", what, l.due.Sub(at(0)).Milliseconds(), want)
		}
	}
	l.wind(at(30))
	due("at the start", 200)
	tick := func(ms int) {
		t.Helper()
		if l.Now = at(ms); !l.ticks(l.Now) {
			t.Errorf("no tick at %d ms", ms)
		}
	}
	if l.ticks(at(199)) {
		t.Error("a tick that is not due")
	}
	tick(201)
	due("after a tick", 300)
	tick(380)
	due("after one that was so late that the next would come at once", 500)
	tick(500)
	l.Calm(10 * every)
	due("while all is calm", 1000)
	l.Now = at(640)
	l.Stir()
	due("since something happens", 700)
	l.Stir()
	tick(700)
	due("and after that", 800)
	tick(800)
	l.Calm(10 * every)
	due("when it is about to come", 2000)
	l.Now = at(1990)
	l.Stir()
	due("it is not put off", 2000)
}

// The lookout looks rarely at loops that do next to nothing, and often at one that is in a call.
func TestLookRests(t *testing.T) {
	l, err := New(0, -1, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	l.rounds.Add(10)
	if !l.look() {
		t.Error("a few rounds are work")
	}
	l.rounds.Add(10_000)
	if l.look() {
		t.Error("many rounds are rest")
	}
	l.rounds.Add(1)
	l.seq.Add(1)
	if l.look() {
		t.Error("a call that may wait is rest")
	}
}

// While nothing is going on, a loop ticks as often as its links have to speak, and those that would be late by the next tick speak in this
// one.
func TestPace(t *testing.T) {
	l, err := New(0, -1, 10*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	at := schedule.Timing{Tick: 10 * time.Millisecond, Beat: 100 * time.Millisecond}
	if l.Pace(at, false, false); l.Beat > at.Beat || l.Beat <= at.Beat-at.Tick || l.calm {
		t.Errorf("a busy link has to speak after %v", l.Beat)
	}
	if l.Pace(at, true, false); 3*(at.Beat+l.Beat) > 5*at.Beat || l.Beat >= at.Beat || !l.calm {
		t.Errorf("an idle link has to speak after %v", l.Beat)
	}
	at.Beat = at.Tick
	if l.Pace(at, true, false); l.Beat > at.Beat {
		t.Errorf("where ticks are as rare as heartbeats, an idle link has to speak after %v", l.Beat)
	}
	at.Beat, at.RestBeat, l.Now = 100*time.Millisecond, time.Second, time.Unix(1000, 0)
	if l.Pace(at, true, true); !l.due.Equal(l.Now.Add(at.RestBeat)) {
		t.Errorf("where all links rest, the next tick comes after %v", l.due.Sub(l.Now))
	}
	if l.Pace(at, false, true); l.Beat > at.Beat || l.Beat <= at.Beat-at.Tick {
		t.Errorf("where something goes on, a link that is awake has to speak after %v", l.Beat)
	}
}

package lab

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"
)

// pipe joins a Feed to a Drain; both results come on channels.
func pipe(t *testing.T, size int64, in, out *Gate) (fed <-chan error, drained <-chan error, got *int64) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	f, d := make(chan error, 1), make(chan error, 1)
	got = new(int64)
	go func() { f <- Feed(ctx, w, size, in) }()
	go func() {
		n, err := Drain(ctx, r, out)
		*got = n
		d <- err
	}()
	return f, d, got
}

func TestFeedAndDrainThroughAPipe(t *testing.T) {
	const size = 64<<20 + 5
	fed, drained, got := pipe(t, size, NewGate(), NewGate())
	if err := errors.Join(<-fed, <-drained); err != nil {
		t.Fatal(err)
	}
	if *got != size {
		t.Errorf("drained %d bytes, want %d", *got, size)
	}
}

func TestGateHoldsAtAnOddOffset(t *testing.T) {
	const size, hold = 1 << 20, 300_001
	in, out := NewGate(), NewGate()
	in.Hold(hold)
	fed, drained, got := pipe(t, size, in, out)
	<-in.At(hold)
	<-out.At(hold)
	if n := in.Moved(); n != hold {
		t.Errorf("moved %d bytes, held at %d", n, hold)
	}
	in.Open()
	if err := errors.Join(<-fed, <-drained); err != nil {
		t.Fatal(err)
	}
	if *got != size {
		t.Errorf("drained %d bytes, want %d", *got, size)
	}
}

func TestFeedEndsWithItsContext(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	ctx, cancel := context.WithCancelCause(context.Background())
	why, gate, fed := errors.New("enough"), NewGate(), make(chan error, 1)
	go func() { fed <- Feed(ctx, w, 1<<30, gate) }() // nobody reads: the write waits
	<-gate.At(0)
	cancel(why)
	if err := <-fed; !errors.Is(err, why) {
		t.Errorf("Feed gave %v, want %v", err, why)
	}
}

func TestFeedEndsWhenItsGateIsCut(t *testing.T) {
	const hold = 300_001
	in, out := NewGate(), NewGate()
	in.Hold(hold)
	fed, drained, got := pipe(t, 1<<40, in, out)
	<-out.At(hold)
	in.Cut()
	if err := errors.Join(<-fed, <-drained); err != nil {
		t.Fatal(err)
	}
	if *got != hold || in.Moved() != hold {
		t.Errorf("fed %d and drained %d bytes, cut at %d", in.Moved(), *got, hold)
	}
}

func TestGateKeepsItsRate(t *testing.T) {
	t.Parallel()
	const rate, size = 16 << 20, 8 << 20
	for _, slow := range []string{"feed", "drain"} {
		in, out := NewGate(), NewGate()
		if slow == "feed" {
			in.Rate(rate)
		} else {
			out.Rate(rate)
		}
		start := time.Now()
		fed, drained, _ := pipe(t, size, in, out)
		if err := errors.Join(<-fed, <-drained); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took < 450*time.Millisecond || took > 10*time.Second {
			t.Errorf("%s: half a second's bytes took %v", slow, took)
		}
	}
}

func TestGateKnowsItsLongestPause(t *testing.T) {
	const pause = 100 * time.Millisecond
	in, out := NewGate(), NewGate()
	in.Hold(1 << 20)
	begun := time.Now()
	fed, drained, _ := pipe(t, 2<<20, in, out)
	<-out.At(1 << 20)
	<-time.After(pause)
	in.Open()
	if err := errors.Join(<-fed, <-drained); err != nil {
		t.Fatal(err)
	}
	if got := out.LongestPause(); got < pause || got > time.Since(begun) {
		t.Errorf("longest pause %v, want %v or a little more", got, pause)
	}
}

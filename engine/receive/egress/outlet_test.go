package egress

import (
	"os"
	"slices"
	"testing"
	"time"

	"viamillipede/engine/loop"
)

// waits is a link whose leg waits, by name.
type waits string

func (waits) SinkTakes(*loop.Loop) {}

// watches is told about a sink in a test in which nothing happens.
type watches struct{}

func (watches) Ready(uint32) {}

// Whoever waits is told once, when the sink takes more or when the watch ends; nobody waits for a sink that nobody watches.
func TestOutlet(t *testing.T) {
	far, near, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	defer near.Close()
	at, err := loop.New(0, -1, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer at.Close()
	var o outlet
	block := func(w Waiter, want bool) {
		t.Helper()
		if held, err := o.block(w); held != want || err != nil {
			t.Errorf("held is %v, want %v; %v", held, want, err)
		}
	}
	unblock := func(came bool, want ...Waiter) {
		t.Helper()
		if got, was, err := o.unblock(); was != came || !slices.Equal(got, want) || err != nil {
			t.Errorf("%v are told, want %v; somebody waited: %v; %v", got, want, was, err)
		}
	}

	if _, err := o.block(waits("a")); err != errNoWait {
		t.Errorf("a link waits for a sink that nobody watches: %v", err)
	}
	if err := o.watch(at, int(near.Fd()), watches{}); err != nil {
		t.Fatal(err)
	}
	unblock(false)
	block(waits("a"), true)
	block(nil, true) // the holder of the turn
	block(waits("b"), true)
	if !o.Full() {
		t.Error("the sink is not full, and somebody waits")
	}
	unblock(true, waits("a"), waits("b"))
	unblock(false)
	block(waits("c"), true)
	if got := o.unwatch(); !slices.Equal(got, []Waiter{waits("c")}) {
		t.Errorf("%v wait in vain, want c", got)
	}
	if got := o.unwatch(); got != nil || o.Full() {
		t.Errorf("%v wait for a sink that is not watched any more; it is full: %v", got, o.Full())
	}
	block(waits("d"), false)
	unblock(false)
}

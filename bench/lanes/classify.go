package lanes

import (
	"fmt"
	"time"

	"viamillipede/netio/lane/flowhash"
)

// A burst is sent at once: the less time it takes, the less other traffic is counted with it. If there is too much of
// that all the same, the next burst is twice as long.
const (
	burstLeast = 256 << 10 // bytes
	burstTries = 6         // to 8 MiB

	// countTime is how late a device's counts may be: some drivers ask the card only once a second.
	countTime = 2500 * time.Millisecond
	countLook = time.Millisecond
)

// classify finds the lane of each flow, one after another.
func (t *transmitter) classify() error {
	if len(t.set.Lanes) == 1 {
		for _, f := range t.flows {
			f.lane = 0
		}
		return nil
	}
	lost := 0
	for i, f := range t.flows {
		if err := t.find(f); err != nil {
			return fmt.Errorf("flow %d: %w", i, err)
		}
		if f.lane == flowhash.NoLane {
			lost++
		}
	}
	if lost > 0 {
		t.miss("tx: the lane of %d flows is not known: too much other traffic, or devices that do not count", lost)
	}
	return nil
}

// find sends bursts on a flow until it is clear which lane it takes, or until it has been tried often enough.
func (t *transmitter) find(f *flow) error {
	for try := range burstTries {
		burst := uint64(burstLeast) << try
		before, err := t.set.Sent()
		if err != nil {
			return err
		}
		sent := false
		if err := f.send(int(burst), int(burst), func() bool { sent = !sent; return sent }); err != nil {
			return err
		}
		f.tries++
		if f.lane, err = t.whereTo(before, burst); f.lane != flowhash.NoLane || err != nil {
			return err
		}
	}
	return nil
}

// whereTo polls until a lane has counted the burst, which rx already has whole, for as long as counts may be late.
func (t *transmitter) whereTo(before []uint64, burst uint64) (int, error) {
	for end := time.Now().Add(countTime); ; time.Sleep(countLook) {
		after, err := t.set.Sent()
		if err != nil {
			return flowhash.NoLane, err
		}
		at, counted := laneOf(before, after, burst)
		if counted || time.Now().After(end) {
			return at, nil
		}
	}
}

// laneOf returns the lane that has counted a burst: the only one with all of it, if no other has as much as half. counted
// tells whether any lane has all of it.
func laneOf(before, after []uint64, burst uint64) (at int, counted bool) {
	at = flowhash.NoLane
	rivals := 0
	for i := range before {
		switch grown := after[i] - before[i]; {
		case grown >= burst:
			at, counted = i, true
			rivals++
		case grown >= burst/2:
			rivals++
		}
	}
	if rivals != 1 {
		at = flowhash.NoLane
	}
	return at, counted
}

package main

import (
	"math/rand/v2"
	"time"
)

// mostHeld bounds the packets in flight in one direction: 96 MiB with 1500 bytes each, or half a second at 1.5 Gbit/s.
// Any more are dropped.
const mostHeld = 1 << 16

// line is one direction: it decides what happens to a packet and holds the packets in flight. Times are since the start
// of the program and come from the caller; they never go back.
//
//	admitted         sent             due
//	   |-- queue, rate --|-- delay, jitter --|
type line struct {
	shape
	rng  *rand.Rand
	free time.Duration // when everything admitted so far is sent
	last time.Duration // the latest due so far

	held []packet // by due, from head on
	head int
}

// packet is a packet in flight. The line owns its bytes from push to pop.
type packet struct {
	due   time.Duration
	bytes []byte
}

// fate is what happens to a packet.
type fate int

const (
	carried fate = iota
	lost         // in flight
	dropped      // before that: there was no room
)

// newLine returns the line of direction way, 0 or 1. Each direction has its own random numbers, so that what happens in
// one does not depend on the other.
func newLine(s shape, seed, way uint64) *line {
	return &line{shape: s, rng: rand.New(rand.NewPCG(seed, way))}
}

// admit decides the fate of a packet of size bytes that arrives at now, and returns when it is due if it is carried.
func (l *line) admit(now time.Duration, size int) (due time.Duration, f fate) {
	begin := max(now, l.free)
	if !l.hasRoom(begin-now, size) {
		return 0, dropped
	}
	l.free = begin + l.sending(size)
	if l.loss > 0 && l.rng.Float64() < l.loss {
		return 0, lost // it has used up rate all the same, as on a wire
	}
	return l.arrival(l.free), carried
}

// hasRoom reports whether size bytes may be queued if sending them begins after wait.
func (l *line) hasRoom(wait time.Duration, size int) bool {
	if l.travelling() >= mostHeld {
		return false
	}
	return l.rate == 0 || wait.Seconds()*float64(l.rate)+float64(size) <= float64(l.queue)
}

// sending is how long size bytes take at the rate.
func (l *line) sending(size int) time.Duration {
	if l.rate == 0 {
		return 0
	}
	return time.Duration(float64(size) / float64(l.rate) * float64(time.Second))
}

// arrival is when a packet sent at a given time is due.
func (l *line) arrival(sent time.Duration) time.Duration {
	due := sent + l.delay
	if l.jitter > 0 {
		due += time.Duration((2*l.rng.Float64() - 1) * float64(l.jitter))
	}
	if !l.reorder {
		due = max(due, l.last)
	}
	l.last = max(due, l.last)
	return due
}

// push holds an admitted packet. Packets that are due at the same time keep their order.
func (l *line) push(p packet) {
	if l.head > 0 && len(l.held) == cap(l.held) && l.head >= len(l.held)/2 {
		l.held = l.held[:copy(l.held, l.held[l.head:])] // room at the front instead of a larger slice
		l.head = 0
	}
	l.held = append(l.held, p)
	for i := len(l.held) - 1; i > l.head && l.held[i-1].due > l.held[i].due; i-- {
		l.held[i-1], l.held[i] = l.held[i], l.held[i-1]
	}
}

// travelling is the number of packets in flight.
func (l *line) travelling() int { return len(l.held) - l.head }

// next returns when the next packet is due; false if the line is empty.
func (l *line) next() (time.Duration, bool) {
	if l.travelling() == 0 {
		return 0, false
	}
	return l.held[l.head].due, true
}

// pop returns the bytes of the next packet that is due by now, which are then the caller's; nil if there is none.
func (l *line) pop(now time.Duration) []byte {
	if due, ok := l.next(); !ok || due > now {
		return nil
	}
	bytes := l.held[l.head].bytes
	l.held[l.head] = packet{}
	l.head++
	if l.head == len(l.held) {
		l.held, l.head = l.held[:0], 0
	}
	return bytes
}

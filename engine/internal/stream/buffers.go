package stream

import (
	"viamillipede/bufpool"
	"viamillipede/engine/observe"
)

// LegsLeast is how many legs fit into a window whose leg size the user did not choose.
const LegsLeast = 8

// LegsMost bounds the legs of a window, whatever its size in bytes.
const LegsMost = 1 << 16

// Fit divides a window into buffers for legs of at most the given size: smaller ones where the window is small for the
// number of links, so that there are at least twice as many buffers as links.
func Fit(window int64, leg, links int) (size, buffers int) {
	size = (leg + MinLeg - 1) / MinLeg * MinLeg // where the peer named another size
	for window/int64(size) < int64(2*links) && size > MinLeg {
		size = max(MinLeg, size/2/MinLeg*MinLeg)
	}
	return size, max(2*links, min(int(window/int64(size)), LegsMost))
}

// ClosePool gives the memory back, and reports what has become of it since that was last told.
func ClosePool(p *bufpool.Pool, told bufpool.Advice, to observe.Observer) {
	if now := p.Advice(); now.Missed != told.Missed {
		observe.Tell(to, observe.MemoryAdvised{Advice: now})
	}
	p.Close()
}

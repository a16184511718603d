package receive

import (
	"sort"
	"time"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/observe"
	"viamillipede/engine/wire"
)

// LinkStatus is part of stream.Half: those that were lost and did not come back are among them, and those being dialled.
func (r receiveEnd) LinkStatus() []observe.LinkStatus {
	var links []observe.LinkStatus
	up := make(map[int]bool)
	for _, l := range r.loops {
		for _, k := range l.Describe() {
			links = append(links, k)
			up[k.Index] = true
		}
	}
	r.life.Mu.Lock()
	for _, gone := range r.left {
		if !up[gone.Index] {
			links = append(links, gone)
		}
	}
	started := r.life.Started
	r.life.Mu.Unlock()
	if r.dialer != nil {
		links = r.dialer.Complete(links, started, func(link int) int { return r.dialLoop(link).ID })
	}
	sort.Slice(links, func(a, b int) bool { return links[a].Index < links[b].Index }) // slices.SortFunc has 15 KiB of code for each struct
	return links
}

// lostStatus describes a link that is lost now.
func (k *rxlink) lostStatus() observe.LinkStatus {
	return observe.LinkStatus{Index: k.Index, Path: k.Name, Order: k.order(), State: observe.StateDown, Since: k.Loop.Now, Loop: k.Loop.ID}
}

// ringStatus is nil until the sender is met.
func (r receiveEnd) ringStatus() *observe.RingStatus {
	r.life.Mu.Lock()
	defer r.life.Mu.Unlock()
	if !r.tenure.Met() {
		return nil
	}
	return &observe.RingStatus{
		Next: uint64(r.store.Ring.Next()), Received: uint64(r.store.Ring.Received()), Depth: int(r.store.Ring.Depth()), Credit: int(r.store.Credit),
		InUse: r.store.Pool.InUse(), Buffers: len(r.store.Legs), SinkFull: r.out.Full(), Written: r.out.AllWritten(),
	}
}

// Status describes the link; on its loop's thread.
func (k *rxlink) Status() stream.LinkStatus {
	inFlight := 0
	if k.state.Has() {
		inFlight = 1
	}
	l := k.Link.Describe(k.arrived(), inFlight, k.Quiet.Every(k.r.time))
	l.Order = k.order()
	return l
}

// arrived is how many bytes of legs have come in, those of the leg that is not whole included.
func (k *rxlink) arrived() uint64 {
	if k.state.InLeg() {
		return k.Bytes + uint64(k.got)
	}
	return k.Bytes
}

// Fill is part of stream.Half.
func (r receiveEnd) Fill(snap *observe.Snapshot) {
	if snap.Ring = r.ringStatus(); r.dialer != nil {
		snap.Paths = r.dialer.Statuses(snap.Summary.Paths, snap.Links)
	}
}

// Bytes is part of stream.Half.
func (r receiveEnd) Bytes() uint64 { return r.out.Written() }

// Account is part of stream.Half.
func (r receiveEnd) Account(sum *observe.Summary) {
	if sum.EnginePath, sum.Unsent = r.enginePath(), r.out.Unsent(); r.dialer != nil {
		sum.Paths = r.dialer.Summaries(sum.Elapsed, make([]time.Duration, stream.MaxThreads))
	} else {
		sum.Refused = r.doors.Refused()
	}
	if e := r.out.End.Load(); e != nil {
		sum.PeerBytes = &e.Bytes
	}
	r.life.Mu.Lock()
	defer r.life.Mu.Unlock()
	sum.Moved, sum.Coding = r.moved, r.coded.Summary()
}

// enginePath is how the bytes travel at this end. Legs that are small or came early are copied, whatever the route.
func (r receiveEnd) enginePath() observe.EnginePath {
	path := r.out.EnginePath()
	if r.checked() {
		path = observe.EnginePath{Why: observe.ErrChecksum, Checksum: true}
	}
	if r.test != nil {
		path.Checked, path.Seed = true, r.test.Seed()
	}
	return path
}

// checked reports whether legs carry checksums: either end may ask for them, and the sender computes them.
func (r receiveEnd) checked() bool {
	r.life.Mu.Lock()
	defer r.life.Mu.Unlock()
	return r.tenure.First().Features&wire.FeatureChecksum != 0
}

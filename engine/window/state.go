package window

import "time"

// State is a snapshot, for reports.
type State struct {
	Base      uint64 // every leg before it is received
	Next      uint64 // the next new leg's number
	Delivered uint64 // every leg before it is delivered
	Credit    uint64 // legs that may be sent beyond delivered
	Kept      int64  // bytes of the legs kept
	Limit     int64  // bytes that may be kept now
	Waiting   int    // legs to be sent again
	Resent    Counter
	Full      time.Duration           // for so long the window was too small
	Held      [MaxPaths]time.Duration // for so long the oldest leg was on each path
}

// State says how the window stands.
func (w *Window) State() State {
	w.mu.Lock()
	defer w.mu.Unlock()
	return State{
		Base: w.base, Next: w.next, Delivered: w.delivered, Credit: w.credit, Kept: w.kept, Limit: w.limit,
		Waiting: len(w.again), Resent: w.resent, Full: w.full.total, Held: w.head.held,
	}
}

// Kept is how many bytes it keeps: of legs that are on their way, or wait for that.
func (w *Window) Kept() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.kept
}

// headWatch adds up for each path how long it had the head: the oldest leg that the peer has not received.
type headWatch struct {
	since time.Time
	held  [MaxPaths]time.Duration // by path
}

func (h *headWatch) begin(now time.Time) { h.since = now }

func (h *headWatch) end(path int, now time.Time) {
	h.held[path] += now.Sub(h.since)
	h.since = now
}

// fullWatch adds up how long the window was too small: see Window.short.
type fullWatch struct {
	since time.Time // zero: it is not
	total time.Duration
}

func (f *fullWatch) look(full bool, now time.Time) {
	switch {
	case full && f.since.IsZero():
		f.since = now
	case !full && !f.since.IsZero():
		f.total += now.Sub(f.since)
		f.since = time.Time{}
	}
}

package ingest

import (
	"sync/atomic"

	"viamillipede/engine/parties"
	"viamillipede/engine/wire"
)

// screen is what the receiver knows of the terminal that the source is.
type screen struct {
	of      parties.Screen // nil: the source is no terminal
	told    atomic.Bool    // the receiver wants to know its size
	changes atomic.Uint32  // of the size
}

// grant notes what the receiver has granted.
func (s *screen) grant(granted uint32) {
	if s.of != nil && granted&wire.FeatureSize != 0 {
		s.told.Store(true)
		s.of.Met()
	}
}

// Resized notes that the size of the terminal has changed: each link is to say Screen.
func (s *screen) Resized() { s.changes.Add(1) }

// Screen appends what each link says of the terminal, first and after a change, if there is anything to say. Any loop calls it.
func (s *screen) Screen(dst []byte) []byte {
	if !s.told.Load() {
		return dst
	}
	w := wire.Screen{Version: s.changes.Load()} // first: what is asked for after it is that size, or a later one
	w.Columns, w.Rows = s.of.Size()
	return w.Append(dst)
}

package meter

import (
	"sync"

	"viamillipede/engine/observe"
)

// heard is what the events of a stream tell that its Snapshots do not. It is an observe.Observer.
type heard struct {
	mu       sync.Mutex
	size     uint64           // of the stream; guarded by mu, as is all below
	compared observe.Compared // with what an earlier run has left
}

// Enabled implements observe.Observer.
func (h *heard) Enabled(level observe.Level) bool { return level <= observe.LevelChoices }

// Observe implements observe.Observer.
func (h *heard) Observe(e observe.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch e := e.(type) {
	case observe.SenderOpened:
		h.size = uint64(e.Size)
	case observe.SenderMet:
		h.size = e.Size
	case observe.Compared:
		h.compared = e
	}
}

// Size is how long the stream will be, in bytes, as far as was heard; 0: that is not known.
func (h *heard) Size() uint64 {
	size, _ := h.known()
	return size
}

// known is what was heard.
func (h *heard) known() (size uint64, compared observe.Compared) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.size, h.compared
}

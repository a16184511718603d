package meter

import (
	"sync"

	"viamillipede/engine/observe"
)

// Heard is what the events of one end of a stream tell that its Snapshots do not. It is an observe.Observer; any goroutine may use it.
type Heard struct {
	mu       sync.Mutex
	size     uint64           // of the stream; guarded by mu, as is all below
	compared observe.Compared // with what an earlier run has left
	outages  Outages
}

// Outages are those of a stream so far.
type Outages struct {
	Number int             // those in which the peer was awaited for the first time do not count
	Now    *observe.Outage // the present one, as last told; nil: there is none
}

// Enabled implements observe.Observer.
func (h *Heard) Enabled(level observe.Level) bool { return level <= observe.LevelChoices }

// Observe implements observe.Observer.
func (h *Heard) Observe(e observe.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch e := e.(type) {
	case observe.SenderOpened:
		h.size = uint64(e.Size)
	case observe.SenderMet:
		h.size = e.Size
	case observe.Compared:
		h.compared = e
	case observe.Outage:
		h.outage(e)
	}
}

// outage notes how an outage goes on. Under mu.
func (h *Heard) outage(e observe.Outage) {
	if e.Phase == observe.OutageBegins && !e.First {
		h.outages.Number++
	}
	h.outages.Now = &e
	if e.Phase == observe.OutageEnds {
		h.outages.Now = nil
	}
}

// Outages are those that were heard of.
func (h *Heard) Outages() Outages {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.outages
}

// Size is how long the stream will be, in bytes, as far as was heard; 0: that is not known.
func (h *Heard) Size() uint64 {
	size, _ := h.known()
	return size
}

// known is what was heard.
func (h *Heard) known() (size uint64, compared observe.Compared) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.size, h.compared
}

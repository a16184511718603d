package receive

import (
	"net"
	"sync"
	"time"

	"viamillipede/engine/schedule"
)

// way is what links between the same two addresses share, at the end that listens: there may be one queue in front of them.
type way struct {
	mu    sync.Mutex
	heard time.Time // when one of them last brought something; guarded by mu
}

// wayID names a way by its two addresses.
type wayID struct{ from, to string }

func wayBetween(c net.Conn) wayID { return wayID{hostOf(c.RemoteAddr()), hostOf(c.LocalAddr())} }

// hostOf is an address without its port.
func hostOf(a net.Addr) string {
	host, _, err := net.SplitHostPort(a.String())
	if err != nil {
		return a.String()
	}
	return host
}

// waysMost bounds the ways that are remembered: links of any others share nothing.
const waysMost = 256

// hear notes when one of its links last brought something.
func (w *way) hear(at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.heard = schedule.Later(w.heard, at)
}

// quiet is for how long none of them has brought anything.
func (w *way) quiet(now time.Time) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return now.Sub(w.heard)
}

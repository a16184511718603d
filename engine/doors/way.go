package doors

import (
	"net"
	"sync"
	"time"

	"viamillipede/engine/schedule"
)

// Way is what links between the same two addresses share, at the end that listens: there may be one queue in front of them.
type Way struct {
	mu    sync.Mutex
	heard time.Time // when one of them last brought something; guarded by mu
}

// WayID names a way by its two addresses.
type WayID struct{ From, To string }

// WayBetween is the way of a connection.
func WayBetween(c net.Conn) WayID { return WayID{HostOf(c.RemoteAddr()), HostOf(c.LocalAddr())} }

// HostOf is an address without its port.
func HostOf(a net.Addr) string {
	host, _, err := net.SplitHostPort(a.String())
	if err != nil {
		return a.String()
	}
	return host
}

// Hear notes when one of its links last brought something.
func (w *Way) Hear(at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.heard = schedule.Later(w.heard, at)
}

// Quiet is for how long none of them has brought anything.
func (w *Way) Quiet(now time.Time) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return now.Sub(w.heard)
}

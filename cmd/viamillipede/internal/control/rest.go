package control

import (
	"net"
	"slices"
	"sync"
	"time"
)

// rest are the clients that were answered and ask nothing now.
type rest struct {
	mu     sync.Mutex
	idle   []*net.UnixConn // since the longest time first; guarded by mu, as is wanted
	wanted bool            // somebody waits for the place of one of them
}

// begin adds a client that may ask again by its deadline; false: it has to go, since its place is wanted.
func (r *rest) begin(c *net.UnixConn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.wanted {
		return false
	}
	r.idle = append(r.idle, c)
	return true
}

// end takes a client out, if it is there.
func (r *rest) end(c *net.UnixConn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.idle = slices.DeleteFunc(r.idle, func(o *net.UnixConn) bool { return o == c })
}

// makeRoom lets go of the one that has asked nothing for the longest time or, if there is none, of the first to be answered before enough.
func (r *rest) makeRoom() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.wanted = true
	if len(r.idle) > 0 {
		_ = r.idle[0].SetReadDeadline(time.Now())
	}
}

// enough has clients stay again.
func (r *rest) enough() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.wanted = false
}

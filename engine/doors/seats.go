package doors

import (
	"errors"
	"net"
	"slices"
	"sync"
)

// Bounds on connections that are not links yet.
const (
	guestsOfOurs = 4   // one seat in this many is kept for hosts that have links: of GuestsMost, as many as a stream has links
	guestsOfSite = 128 // of one host, which may dial all of its links twice; half of all, where there may be more
)

// Why a guest loses its seat.
var (
	errFull     = errors.New("too many connections that say nothing")
	errFewSeats = errors.New("too few descriptors are left to wait for what it says (ulimit -n)")
)

// seats are those of the guests being heard. When none is left for a newcomer, the guest that has been silent longest gives way:
// whoever has something to say says it at once. The zero seats are all free.
type seats struct {
	mu     sync.Mutex
	guests []*guest // in the order in which they came; guarded by mu, as are their fields
}

// guest is a connection that is not a link yet.
type guest struct {
	c    net.Conn
	site string
	ours bool // its host has links
	said bool // its hello was read
}

// take gives a connection one of so many seats; g is nil if it gets none. gone is the guest that has lost its seat to it, nil if
// there is none: the caller closes its connection.
func (s *seats) take(c net.Conn, ours bool, most int) (g, gone *guest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g = &guest{c: c, site: site(c.RemoteAddr()), ours: ours}
	same := func(o *guest) bool { return o.site == g.site }
	stranger := func(o *guest) bool { return !o.ours }
	strangers := s.count(stranger)
	switch {
	case most < 1:
		return nil, nil
	case s.count(same) >= max(guestsOfSite, most/2):
		gone = s.oldest(same)
	case !ours && strangers >= most-most/guestsOfOurs, len(s.guests) >= most && strangers > 0:
		gone = s.oldest(stranger)
	case len(s.guests) >= most && !ours:
		return nil, nil
	case len(s.guests) >= most:
		gone = s.oldest(func(*guest) bool { return true })
	}
	s.remove(gone)
	s.guests = append(s.guests, g)
	return g, gone
}

// spoke notes that a guest has said hello.
func (s *seats) spoke(g *guest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g.said = true
}

// leave frees a guest's seat, if it still has one.
func (s *seats) leave(g *guest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remove(g)
}

// remove takes a guest off the list. Under mu.
func (s *seats) remove(g *guest) {
	s.guests = slices.DeleteFunc(s.guests, func(o *guest) bool { return o == g })
}

// count is how many guests meet the condition. Under mu.
func (s *seats) count(is func(*guest) bool) (n int) {
	for _, g := range s.guests {
		if is(g) {
			n++
		}
	}
	return n
}

// oldest is the first guest that meets the condition and has said nothing, else the first that meets it; there is one. Under mu.
func (s *seats) oldest(is func(*guest) bool) *guest {
	i := slices.IndexFunc(s.guests, func(g *guest) bool { return is(g) && !g.said })
	if i < 0 {
		i = slices.IndexFunc(s.guests, is)
	}
	return s.guests[i]
}

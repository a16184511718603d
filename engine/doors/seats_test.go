package doors

import (
	"fmt"
	"net"
	"net/netip"
	"testing"

	"viamillipede/engine/internal/stream"
)

// caller is a connection from an address.
type caller struct {
	net.Conn
	from net.Addr
}

func (c caller) RemoteAddr() net.Addr { return c.from }

func callerFrom(host string) net.Conn {
	return caller{from: net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(host), 7))}
}

// Seats are never more than there are; a host has no more than its share; strangers leave some to hosts that have links; the one
// that was silent for longest gives way, and who has said hello only where all have.
func TestSeats(t *testing.T) {
	var s seats
	var all []*guest
	sit := func(host string, ours bool) (g, gone *guest) {
		t.Helper()
		if g, gone = s.take(callerFrom(host), ours, stream.GuestsMost); len(s.guests) > stream.GuestsMost {
			t.Fatalf("%d guests", len(s.guests))
		}
		all = append(all, g)
		return g, gone
	}
	for range guestsOfSite {
		if _, gone := sit("192.0.2.1", false); gone != nil {
			t.Fatal("a guest loses its seat while there are others")
		}
	}
	s.spoke(all[0])
	if _, gone := sit("192.0.2.1", false); gone != all[1] {
		t.Error("of a host with too many guests another one goes than the first silent one")
	}
	for i := range stream.GuestsMost - stream.GuestsMost/guestsOfOurs - guestsOfSite {
		if _, gone := sit(fmt.Sprintf("198.51.100.%d", i), false); gone != nil {
			t.Fatal("a stranger loses its seat while there are others")
		}
	}
	if _, gone := sit("2001:db8::1", false); gone != all[2] {
		t.Error("of strangers another one goes than the first silent one")
	}
	for range stream.GuestsMost / guestsOfOurs {
		if _, gone := sit("203.0.113.1", true); gone != nil {
			t.Fatal("a host that has links finds no seat of those that are kept")
		}
	}
	if _, gone := sit("203.0.113.1", true); gone != all[3] {
		t.Error("another one gives way to a host that has links than the first silent stranger")
	}
	for _, g := range all {
		s.leave(g)
	}
	if len(s.guests) != 0 {
		t.Errorf("%d seats are taken by nobody", len(s.guests))
	}
}

// Where descriptors are few the same holds for the seats that there are: a stranger that says nothing gives way, to a sender that
// comes for the first time and to one that has links, and takes no seat from the latter.
func TestFewSeats(t *testing.T) {
	for _, most := range []int{1, 2, 5, 20} {
		var s seats
		for range most + 1 {
			s.take(callerFrom("192.0.2.1"), false, most)
		}
		sender, gone := s.take(callerFrom("203.0.113.1"), false, most)
		if sender == nil || gone == nil || len(s.guests) > most {
			t.Errorf("of %d seats, taken by strangers, a sender gets none", most)
		}
		s.spoke(sender)
		for range most {
			if g, _ := s.take(callerFrom("203.0.113.1"), true, most); g == nil || len(s.guests) > most {
				t.Errorf("of %d seats, %d are taken, and a host that has links gets none", most, len(s.guests))
			}
		}
		if g, gone := s.take(callerFrom("192.0.2.1"), false, most); g != nil || gone != nil {
			t.Errorf("a stranger takes one of %d seats from a host that has links", most)
		}
		if g, _ := s.take(callerFrom("203.0.113.1"), true, 0); g != nil {
			t.Error("there is a seat where there is none")
		}
	}
}

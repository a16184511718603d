package ways

import (
	"testing"
	"time"

	"viamillipede/engine/schedule"
)

// A link has the port of its place; a port that cannot be used is replaced by a spare one, not by another link's.
func TestSourcePorts(t *testing.T) {
	now := time.Unix(1000, 0)
	var s sourcePorts
	s.set([]uint16{1, 2, 3, 4})
	s.homes = 3
	take := func(keeper, place int, want uint16) {
		t.Helper()
		port, err := s.acquire(keeper, place, now)
		if port != want || (err != nil) != (want == 0) {
			t.Errorf("keeper %d at place %d has %d, %v, want %d", keeper, place, port, err, want)
		}
	}
	take(10, 0, 1)
	take(11, 1, 2)
	if !s.avoid(11, now) {
		t.Error("the first failure is no news")
	}
	take(11, 1, 4)
	take(12, 2, 3)
	take(13, guestPlace, 0) // no spare one is left
	s.release(11)
	take(13, guestPlace, 4)
	take(11, 1, 0) // 2 failed a moment ago
	now = now.Add(schedule.PortPause)
	take(11, 1, 2)
	if s.avoid(11, now) {
		t.Error("the second failure is news")
	}
	s.release(10)
	take(10, 0, 1)
}

// What was found is kept while a link has a port, and told once.
func TestSourcePortsRenewed(t *testing.T) {
	var s sourcePorts
	if port, err := s.acquire(0, 0, time.Now()); port != 0 || err != nil {
		t.Errorf("without a list: %d, %v", port, err)
	}
	finds := 0
	find := func() ([]uint16, string) { finds++; return []uint16{7, 8}, "found" }
	if news := s.renew(find); !news {
		t.Error("what is found first is no news")
	}
	s.homes = 2
	if port, _ := s.acquire(0, 0, time.Now()); port != 7 {
		t.Errorf("port %d, want 7", port)
	}
	s.renew(find)
	s.release(0)
	if news := s.renew(find); news || finds != 2 {
		t.Errorf("news %v after %d finds, want none after 2", news, finds)
	}
}

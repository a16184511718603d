package send

import (
	"net/netip"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/ways"
)

// repin places the loops near the devices through which the stream leaves, as soon as a name has led to an address: before the first
// link is dialled, and before there is memory for the window.
func (s *Sender) repin(p *ways.Path, to netip.Addr) {
	s.life.Repinning.Lock()
	defer s.life.Repinning.Unlock()
	if s.repinned {
		return
	}
	devices := s.dialer.Devices(p, to)
	if len(devices) == 0 {
		return // no route yet
	}
	s.repinned = true
	at := s.cfg.Place(stream.Sending, devices, len(s.loops))
	s.life.Repin(at)
}

package send

import (
	"net/netip"
	"slices"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/send/ways"
)

// repin places the loops near the devices through which the stream leaves, as soon as a name has led to an address: before the first
// link is dialled, and before there is memory for the window.
func (s *Sender) repin(p *ways.Path, to netip.Addr) {
	s.life.Repinning.Lock()
	defer s.life.Repinning.Unlock()
	if s.repinned {
		return
	}
	devices := s.leavesBy(p, to)
	if len(devices) == 0 {
		return // no route yet
	}
	s.repinned = true
	at := s.cfg.Place(stream.Sending, devices, len(s.loops))
	s.life.Repin(at)
}

// leavesBy returns the devices of the paths, as far as they are known now: that of the given path, and of those that need no name
// resolved.
func (s *Sender) leavesBy(p *ways.Path, to netip.Addr) (devices []string) {
	for _, q := range s.paths {
		device, addr := q.Via.Device, to
		if device == "" {
			if q != p {
				addr, _ = netip.ParseAddr(q.Host)
			}
			if addr.IsValid() {
				device = s.transport.DeviceTo(q.Path, addr)
			}
		}
		if device != "" && !slices.Contains(devices, device) {
			devices = append(devices, device)
		}
	}
	return devices
}

package engine

import (
	"net"
	"net/netip"
	"slices"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/send/ways"
)

// repin places the loops near the devices through which the stream leaves, as soon as a name has led to an address: before the first
// link is dialled, and before there is memory for the window.
func (s *Sender) repin(p *ways.Path, to netip.Addr) {
	s.repinning.Lock()
	defer s.repinning.Unlock()
	if s.repinned {
		return
	}
	devices := s.leavesBy(p, to)
	if len(devices) == 0 {
		return // no route yet
	}
	s.repinned = true
	at := s.cfg.Place(stream.Sending, devices, len(s.loops))
	for i, l := range s.loops {
		l.Repin(at.CPUs[i])
	}
	s.placed.Swap(at).TellNext(s.observer, at)
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

// repin places the loops near the device through which the first link has come, before there is memory for the window.
func (r *Receiver) repin(local net.Addr) {
	r.repinning.Lock()
	defer r.repinning.Unlock()
	addr, err := netip.ParseAddrPort(local.String())
	if err != nil || r.known() {
		return
	}
	device := r.transport.DeviceAt(addr.Addr())
	if device == "" || slices.Equal(r.placed.Load().Devices, stream.Devices(device)) {
		return
	}
	at := r.cfg.Place(stream.Receiving, stream.Devices(device), len(r.loops))
	for i, l := range r.loops {
		l.Repin(at.CPUs[i])
	}
	r.placed.Swap(at).TellNext(r.observer, at)
	r.steer()
}

// known reports whether the sender has been met.
func (r *Receiver) known() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.tenure.Met()
}

// steer makes new connections come in at the listener of the loop that serves them best.
func (r *Receiver) steer() {
	at := r.placed.Load()
	if len(r.loops) == 1 || at.Machine == nil {
		return
	}
	last := at.Machine.CPUs[len(at.Machine.CPUs)-1].ID
	r.doors.Steer(last+1, at.Owner)
}

package receive

import (
	"net"
	"net/netip"
	"slices"

	"viamillipede/engine/internal/stream"
)

// repin places the loops near the device through which the first link has come, before there is memory for the window.
func (r *Receiver) repin(local net.Addr) {
	r.life.Repinning.Lock()
	defer r.life.Repinning.Unlock()
	addr, err := netip.ParseAddrPort(local.String())
	if err != nil || r.known() {
		return
	}
	device := r.transport.DeviceAt(addr.Addr())
	if device == "" || slices.Equal(r.life.Placed.Load().Devices, stream.Devices(device)) {
		return
	}
	at := r.cfg.Place(stream.Receiving, stream.Devices(device), len(r.loops))
	r.life.Repin(at)
	r.steer()
}

// known reports whether the sender has been met.
func (r *Receiver) known() bool {
	r.life.Mu.Lock()
	defer r.life.Mu.Unlock()
	return r.tenure.Met()
}

// steer makes new connections come in at the listener of the loop that serves them best.
func (r *Receiver) steer() {
	at := r.life.Placed.Load()
	if len(r.loops) == 1 || at.Machine == nil {
		return
	}
	last := at.Machine.CPUs[len(at.Machine.CPUs)-1].ID
	r.doors.Steer(last+1, at.Owner)
}

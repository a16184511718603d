package receive

import (
	"net"
	"net/netip"
	"slices"

	"viamillipede/engine/internal/stream"
)

// repin places the loops near the device through which the first link has come, before there is memory for the window.
func (h reception) repin(local net.Addr) {
	h.r.life.Repinning.Lock()
	defer h.r.life.Repinning.Unlock()
	addr, err := netip.ParseAddrPort(local.String())
	if err != nil || h.known() {
		return
	}
	device := h.r.transport.DeviceAt(addr.Addr())
	if device == "" || slices.Equal(h.r.life.Placed.Load().Devices, stream.Devices(device)) {
		return
	}
	at := h.r.cfg.Place(stream.Receiving, stream.Devices(device), len(h.r.loops))
	h.r.life.Repin(at)
	h.steer()
}

// known reports whether the sender has been met.
func (h reception) known() bool {
	h.r.life.Mu.Lock()
	defer h.r.life.Mu.Unlock()
	return h.r.tenure.Met()
}

// steer makes new connections come in at the listener of the loop that serves them best.
func (h reception) steer() {
	at := h.r.life.Placed.Load()
	if len(h.r.loops) == 1 || at.Machine == nil || h.r.doors == nil {
		return
	}
	last := at.Machine.CPUs[len(at.Machine.CPUs)-1].ID
	h.r.doors.Steer(last+1, at.Owner)
}

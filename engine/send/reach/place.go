package reach

import (
	"net"
	"net/netip"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/ways"
)

// PlaceFor places the loops near the devices through which the stream leaves, as soon as a name has led to an address: before the first
// link is dialled, and before there is memory for the window.
func (r *Reach) PlaceFor(p *ways.Path, to netip.Addr) {
	r.place(func() []string { return r.dialer.Devices(p, to) })
}

// placeAt is the same for a call that has come to a local address.
func (r *Reach) placeAt(local net.Addr) {
	r.place(func() []string {
		addr, err := netip.ParseAddrPort(local.String())
		if err != nil {
			return nil
		}
		return stream.Devices(r.cfg.Setup.Transport.DeviceAt(addr.Addr()))
	})
}

// place does so, once, near the devices that find returns, unless there are none.
func (r *Reach) place(find func() (devices []string)) {
	r.cfg.Life.Repinning.Lock()
	defer r.cfg.Life.Repinning.Unlock()
	if r.placed {
		return
	}
	devices := find()
	if len(devices) == 0 {
		return // no route yet
	}
	r.placed = true
	r.cfg.Life.Repin(r.cfg.Setup.Place(stream.Sending, devices, r.cfg.Loops))
}

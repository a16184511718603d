package ways

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"time"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/observe"
	"viamillipede/engine/schedule"
	"viamillipede/netio"
	"viamillipede/netio/host"
	"viamillipede/netio/sockstats"
)

// Summaries is what each path did in that time; held is for how long each had the oldest missing leg.
func (r *Roads) Summaries(elapsed time.Duration, held []time.Duration) []observe.PathSummary {
	paths := r.Paths()
	all := make([]observe.PathSummary, len(paths))
	total := uint64(0)
	for i, p := range paths {
		bytes := uint64(p.Bytes.Load())
		total += bytes
		all[i] = observe.PathSummary{
			Name: p.String(), Links: p.Links(), Bytes: bytes, Rate: observe.PerSecond(bytes, elapsed), RTT: time.Duration(p.RTT.Load()),
			LinksLost: uint64(p.Lost.Load()), RescuedFrom: uint64(p.RescuedFrom.Load()), RescuedTo: uint64(p.RescuedTo.Load()),
			Head: ratio(float64(held[i]), float64(elapsed)), NeverUp: p.neverUp(), Last: p.Failure(),
		}
	}
	for i := range all {
		all[i].Share = ratio(float64(all[i].Bytes), float64(total))
	}
	return all
}

// Statuses adds up what the links say of each path, which did so much until now. Of an end that listens a peer may have called since
// then, with more or fewer paths: there is no status of one that is not in both.
func (r *Roads) Statuses(sums []observe.PathSummary, links []observe.LinkStatus) []observe.PathStatus {
	paths := r.Paths()
	all := make([]observe.PathStatus, min(len(paths), len(sums)))
	for i := range all {
		p := paths[i]
		all[i] = observe.PathStatus{PathSummary: sums[i], Off: p.Off(), Limit: p.Limit()}
		for _, l := range links {
			if l.Order == i && l.Up() {
				all[i].Now += l.Rate
			}
		}
		if sums[i].Links == 0 {
			all[i].Since = p.downSince()
		}
	}
	return all
}

// Complete adds the links that a dialer keeps, and that are not among these, to them, and takes those away that are lost and that it does
// not keep. loop gives the loop of each.
func (d *Dialer) Complete(links []observe.LinkStatus, started time.Time, loop func(link int) int) []observe.LinkStatus {
	links = slices.DeleteFunc(links, func(l observe.LinkStatus) bool { return !l.Up() && d.State(l.Index) == stream.StateNone })
	for i, p := range d.homes {
		known := slices.ContainsFunc(links, func(l observe.LinkStatus) bool { return l.Index == i })
		if s := d.State(i); !known && s != stream.StateNone {
			links = append(links, observe.LinkStatus{Index: i, Path: p.String(), Order: p.Order, State: s, Since: started, Loop: loop(i)})
		}
	}
	return links
}

// Sockets are those of the links of an end that listens at an address, or dials by these paths.
func Sockets(at net.Addr, paths []stream.Path) (c sockstats.Config) {
	if a, listens := at.(*net.TCPAddr); listens {
		c.Local = append(c.Local, uint16(a.Port))
	}
	for _, p := range paths {
		c.Remote = append(c.Remote, p.Port)
	}
	return c
}

// ratio is the share of a in b; 0 if there is nothing to share.
func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return min(a/b, 1)
}

// Devices returns the devices of the paths, as far as they are known now: that of the given path, which leads to an address, and of
// those that need no name resolved.
func (d *Dialer) Devices(p *Path, to netip.Addr) (devices []string) {
	for _, q := range d.paths {
		device, addr := q.Via.Device, to
		if device == "" {
			if q != p {
				addr, _ = netip.ParseAddr(q.Host)
			}
			if addr.IsValid() {
				device = d.cfg.Transport.DeviceTo(q.Path, addr)
			}
		}
		if device != "" && !slices.Contains(devices, device) {
			devices = append(devices, device)
		}
	}
	return devices
}

// hint is what to tell the user about a path whose links the kernel holds back.
type hint struct {
	path    *Path
	receive bool    // by the receiver's buffer, else by our own
	share   float64 // of the time
}

// Hint tells the user, once for each path, which kernel setting holds its links back, as one of them shows. It does not wait.
func (r *Roads) Hint(p *Path, q netio.Queue) {
	if q.Busy < schedule.HintAfter || q.MinRTT < schedule.HintTrip || p.hinted.Load() {
		return
	}
	part := func(limited time.Duration) float64 { return float64(limited) / float64(q.Busy) }
	h := hint{path: p, share: part(q.SendLimited)}
	if h.share <= schedule.HintShare {
		h.receive, h.share = true, part(q.ReceiveLimited)
	}
	if h.share > schedule.HintShare && p.hinted.CompareAndSwap(false, true) {
		r.hints <- h // there is room for one of each path
	}
}

// TellHints tells the user what Hint found, beside the loops, because it reads a file; until ctx ends.
func (r *Roads) TellHints(ctx context.Context) {
	for {
		select {
		case h := <-r.hints:
			e := observe.BufferLimits{Path: h.path.String(), Receive: h.receive, Share: h.share}
			if !h.receive {
				e.Setting = host.System.Sysctl("net.ipv4.tcp_wmem")
			}
			observe.Tell(r.observer, e)
		case <-ctx.Done():
			return
		}
	}
}

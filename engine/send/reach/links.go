package reach

import (
	"net"

	"viamillipede/engine/doors"
	"viamillipede/engine/observe"
	"viamillipede/engine/schedule"
	"viamillipede/engine/ways"
	"viamillipede/engine/wire"
)

// Serve is part of doors.Sending: it hands the connection to a loop.
func (h *Hall) Serve(c wire.Call, conn net.Conn) {
	from := conn.RemoteAddr()
	adopted, err := h.cfg.Setup.Transport.Adopt(conn, h.cfg.Trace)
	if err != nil {
		observe.Tell(h.cfg.Setup.Observer, observe.LinkNotTaken{Link: int(c.Link), From: from.String(), Err: err})
		h.Forgo()
		return
	}
	p, repaced := h.called.Learn(c, doors.HostOf(from))
	h.cfg.Sender.Spill(p.Order, ways.Spill(c))
	if repaced {
		h.cfg.Sender.Repace(p)
	}
	k := h.cfg.Sender.Connected(ways.Contact{Index: int(c.Link), Generation: c.Generation, Path: p, Conn: adopted})
	if !h.cfg.Sender.LoopOf(int(c.Link)).Post(func() { h.begin(k, c) }) {
		k.Discard()
		h.Forgo()
	}
}

// begin puts a link to work, unless a later one has overtaken it; on its loop's thread, which is that of all links with its index.
func (h *Hall) begin(k ways.Link, c wire.Call) {
	h.mu.Lock()
	old, out := h.links[c.Link], h.tenure.OutWhy()
	stays := out == nil && (old == nil || int32(h.latest[c.Link]-c.Generation) <= 0)
	if stays {
		h.links[c.Link], h.latest[c.Link] = k, c.Generation
	}
	h.mu.Unlock()
	if !stays {
		k.Discard()
		h.Forgo()
		return
	}
	if old != nil {
		h.cfg.Sender.Replaced(old)
	}
	k.Begin(func(schedule.Use) { h.ended(k, c) })
}

// ended notes that a link has ended; on its loop's thread.
func (h *Hall) ended(k ways.Link, c wire.Call) {
	h.mu.Lock()
	if h.links[c.Link] == k {
		h.links[c.Link] = nil
	}
	h.mu.Unlock()
	h.Forgo()
}

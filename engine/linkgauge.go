package engine

import "viamillipede/engine/internal/stream"

// count has the kernel count what comes in on the link, if there are statistics; on its loop's thread.
func (k *Link) count(g *stream.Gauge) {
	if k.counted == nil && !k.gone {
		k.counted = g.Attach(k.index, k.conn.FD())
	}
}

// uncount ends that, before the connection is closed.
func (k *Link) uncount() {
	if k.counted != nil {
		_ = k.counted.Close()
		k.counted = nil
	}
}

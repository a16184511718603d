package receive

import (
	"context"
	"net"

	"viamillipede/bufpool"
	"viamillipede/engine/receive/egress"
	"viamillipede/engine/ring"
	"viamillipede/engine/sidechain"
	"viamillipede/engine/wire"
	"viamillipede/engine/wire1/inflow"
)

// newFirst is how a stream of version 1 of the wire comes in: beside the loops, and then through the ring to the sink like any other.
func (r *Receiver) newFirst(id wire.StreamID) inflow.Receiver {
	return inflow.Receiver{
		ID: id, Life: &r.life, Observer: r.observer, Phrase: r.cfg.Phrase, Patience: r.time.Hello, Checksum: r.cfg.Checksum, Tests: r.cfg.PRBS,
		Admit: reception{r}.Admit, Gone: r.linkGone, Credit: func() int { return r.store.Credit },
		Own:    func() { r.fate.Useful.Add(1); r.own() }, // a silent sender cannot be told from a lost one
		Buffer: func() *bufpool.Buffer { return r.store.Pool.Get(0) },
		Publish: func(l wire.Leg, b *bufpool.Buffer, freed func()) bool {
			defer r.deliverSoon()
			return r.store.LegsIn.Publish(ring.Seq(l.Number), &egress.Leg{Leg: l, Buf: b, Freed: freed}) == ring.Published
		},
		Ends: func(e wire.End) {
			r.fate.Bye.Store(true) // the sender cannot be told
			r.out.End.Store(&e)
			r.deliverSoon()
		},
	}
}

// AdmitFirst implements doors.Receiving.
func (h reception) AdmitFirst(ctx context.Context, c net.Conn) (serve func() error, forgo func(), err error) {
	if !h.r.cfg.Chain.IsEmpty() {
		return nil, nil, sidechain.ErrDiffer // version 1 has none
	}
	return h.r.first.AdmitFirst(ctx, c)
}

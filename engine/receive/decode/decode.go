package decode

import (
	"errors"
	"sync"
	"sync/atomic"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/observe"
	"viamillipede/engine/receive/egress"
	"viamillipede/engine/sidechain"
	"viamillipede/engine/wire"
)

// Config is what a Decoding has to know, and whom it tells; it does not change.
type Config struct {
	Own      sidechain.Chain // what this end's user has said of it; see sidechain.Match
	Loops    int             // the most goroutines; 0: as many as CPUs
	Out      *egress.Delivery
	Inspect  func(*egress.Leg) bool // false: the leg is not to be delivered
	Fail     func(*stream.Error)
	Observer observe.Observer
}

// Decoding is the sidechain of a receiver. The zero one does not know any.
type Decoding struct {
	cfg   Config
	code  uint32          // of the stream's chain; as is chain, set by the stream's first hello, under the lock of the receiver's tenure
	chain sidechain.Chain //
	begin sync.Once
	crew  atomic.Pointer[sidechain.Crew]
	tasks []task // by the index of a leg's buffer

	workers int // goroutines; set as chain is

	raw, coded, legs atomic.Uint64
}

// Open comes first.
func (d *Decoding) Open(c Config) { d.cfg = c }

// errChanges is why a hello is refused that names another chain than the one before.
var errChanges = errors.New("another sidechain than before")

// Agree decides on the chain of a hello, in whose answer it says so; met: it is not the first of its stream. An error is why it is
// refused.
func (d *Decoding) Agree(h wire.Hello, met bool, w *wire.Welcome) error {
	if met {
		if h.Chain != d.code {
			w.Verdict = wire.VerdictMalformed
			return errChanges
		}
		return nil
	}
	chain, err := sidechain.Match(h.Chain, d.cfg.Own)
	if err != nil {
		w.Verdict, w.Chain = wire.VerdictChain, 0
		if h.Chain != 0 { // a sender that knows of chains
			w.Chain = d.cfg.Own.Code()
		}
		return err
	}
	d.code, d.chain = h.Chain, chain
	return nil
}

// Feature is what is granted to the stream whose hello was agreed to.
func (d *Decoding) Feature() uint32 {
	if d.code == 0 {
		return 0
	}
	return wire.FeatureSidechain
}

// Takes is how many bytes of a window the work takes for legs of at most so many bytes, of the chain that was agreed to: half of it at
// most.
func (d *Decoding) Takes(leg int, window int64) (bytes int64) {
	if d.code == 0 {
		return 0
	}
	d.workers, bytes = d.chain.Coders(d.cfg.Loops, leg, window/4)
	return min(bytes, window/2)
}

// Take decodes a coded leg, which is in the ring, and tells the Delivery. most is how many bytes a leg has, legs how many buffers there
// are. The stream is the receiver's own. Any loop may call it.
func (d *Decoding) Take(l *egress.Leg, most, legs int) {
	d.begin.Do(func() {
		d.tasks = make([]task, legs)
		d.crew.Store(sidechain.NewCrew(d.chain, d.workers, most, legs, nil, func(p any) {
			d.cfg.Fail(stream.Faulted("sidechain", p, d.cfg.Observer))
		}))
	})
	t := &d.tasks[l.Buf.Index()]
	*t = task{d, l}
	d.crew.Load().Give(t)
}

// Close ends the work, once no loop runs and before the buffers go.
func (d *Decoding) Close() {
	if c := d.crew.Load(); c != nil {
		c.Stop()
		return
	}
	d.cfg.Own.End()
}

// Summary is what was decoded so far; nil: nothing. Any goroutine may call it.
func (d *Decoding) Summary() *observe.CodingSummary {
	c := d.crew.Load()
	if c == nil {
		return nil
	}
	return &observe.CodingSummary{
		Chain: d.chain.String(), Raw: d.raw.Load(), Coded: d.coded.Load(), Legs: d.legs.Load(), CPU: c.Spent(),
	}
}

// task is a leg that is to be decoded.
type task struct {
	d *Decoding
	l *egress.Leg
}

// errSum is what is wrong with a leg that was decoded to something else than it was.
var errSum = errors.New("it becomes other bytes than it was made of (checksum)")

// Do is part of sidechain.Task. The leg's buffer holds what came, and then its own bytes.
func (t *task) Do(k *sidechain.Coder) {
	d, l := t.d, t.l
	payload := l.Buf.Bytes()[:l.Payload]
	raw, err := k.Decode(payload[wire.CodedSum:], l.Steps, int(l.Length))
	if err == nil && wire.Checksum(raw) != wire.SumOf(payload) {
		err = errSum
	}
	if err != nil {
		d.cfg.Fail(stream.Fail(stream.StatusIntegrity, err, "cannot decode leg %d", l.Number))
		return
	}
	copy(l.Buf.Bytes(), raw)
	if !d.cfg.Inspect(l) {
		return
	}
	d.raw.Add(uint64(l.Length))
	d.coded.Add(uint64(l.Payload))
	d.legs.Add(1)
	l.Decoded.Store(true)
	d.cfg.Out.Decoded()
}

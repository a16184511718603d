package engine

import (
	"io"
	"sync/atomic"

	"viamillipede/bufpool"
	"viamillipede/engine/wire"
	"viamillipede/netio"
)

// ingest turns reads of the source into legs. One loop at a time has the turn, so legs are numbered in the order of the
// bytes; every field below it belongs to whoever has it.
type ingest struct {
	turn atomic.Bool

	src      *netio.Source
	legs     []leg         // by index of their buffer
	offset   atomic.Uint64 // bytes read so far
	most     int           // bytes of a leg
	checksum bool
	gather   bool  // read on until a leg is full or nothing is there
	met      error // how the source ended: io.EOF or its failure; nil before

	warm bool // the pool has huge pages, or was refused them
	log  *Log

	// ended is set after the last leg is in the window; total is not changed after that.
	ended atomic.Bool
	total wire.End
}

// warmFrom is how long a stream must be to be worth huge pages, in bytes.
const warmFrom = 4 << 20

// hunger is why an idle link got no leg.
type hunger int

const (
	fed        hunger = iota // it got one
	noInput                  // the source has nothing now: wait for it to become readable
	noRoom                   // the window or the pool is full: wait for an ack
	otherTurn                // another loop reads: it wakes us when there is more
	noMore                   // the stream has been read to its end
	sourceGone               // the source failed
)

// pull reads one new leg of at most the given bytes into a buffer of the loop's shard and puts it into the window, with the
// caller's link as its carrier and holder. An error goes with sourceGone.
func (in *ingest) pull(w *window, pool *bufpool.Pool, shard, most int) (*leg, hunger, error) {
	if in.ended.Load() {
		return nil, noMore, nil
	}
	if !in.turn.CompareAndSwap(false, true) {
		return nil, otherTurn, nil
	}
	defer in.turn.Store(false)
	if in.ended.Load() {
		return nil, noMore, nil
	}
	if !w.open() {
		return nil, noRoom, nil
	}
	buf := pool.Get(shard)
	if buf == nil {
		return nil, noRoom, nil
	}
	n, err := in.fill(buf.Bytes()[:most])
	if n == 0 {
		buf.Release()
		return nil, in.empty(w, err), sourceError(err)
	}
	l := &in.legs[buf.Index()]
	l.buf, l.offset, l.length, l.checksum = buf, in.offset.Load(), n, 0
	if in.checksum {
		l.checksum = wire.Checksum(l.bytes())
	}
	if at := in.offset.Add(uint64(n)); !in.warm && at >= warmFrom {
		in.warm = true
		in.log.Printf(LevelChoices, "%s", pool.Warm())
	}
	w.add(l)
	return l, fed, nil
}

// fill reads until p is full or the source has nothing more at the moment. An end or a failure that it meets behind n > 0
// bytes is kept for the next call: a socket, for one, reports its failure once and then an end (SO_ERROR, socket(7)).
func (in *ingest) fill(p []byte) (n int, err error) {
	for n < len(p) && in.met == nil {
		m, err := in.src.Read(p[n:])
		if err == netio.ErrAgain {
			return n, err
		}
		in.met = err
		n += m
		if !in.gather {
			break
		}
	}
	return n, in.met
}

// empty gives the meaning of a read that brought nothing.
func (in *ingest) empty(w *window, err error) hunger {
	switch err {
	case netio.ErrAgain:
		return noInput
	case io.EOF:
		in.total = wire.End{Legs: w.state().next, Bytes: in.offset.Load()}
		in.ended.Store(true)
		return noMore
	}
	return sourceGone
}

func sourceError(err error) error {
	if err == netio.ErrAgain || err == io.EOF {
		return nil
	}
	return err
}

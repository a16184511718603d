package egress

import (
	"viamillipede/engine/wire"
	"viamillipede/netio"
)

// A hole of the source becomes one in a file, where the file system knows holes; anything else that the stream goes to gets zeros. As
// many as there are could keep a loop busy for long, so a turn writes no more of them than the legs of two rounds.

// zerosMost bounds the zeros that a turn writes, in bytes.
const zerosMost = 8 << 20

// zeros is what is written in place of a hole; nobody changes it.
var zeros [256 << 10]byte

// overlong reports whether the turn has ended because of zeros, of which more remain. The caller has the turn.
func (d *Delivery) overlong() bool {
	over := d.lag >= zerosMost
	d.lag = 0
	return over
}

// hollow leaves a hole of up to n bytes where the sink is, or writes some of its zeros.
func (d *Delivery) hollow(n int) (did int, err error) {
	at := int64(-1)
	if d.route == routePlace {
		at = d.ground.spot() + int64(d.bytes.Load())
	}
	if !d.solid {
		d.at.Away(&d.shore, func() { err = d.sink.Skip(at, int64(n)) })
		if err == nil || !netio.Unsupported(err) {
			return n, err
		}
		d.solid = true
	}
	some := zeros[:min(n, len(zeros))]
	if at >= 0 {
		d.at.Away(&d.shore, func() { did, err = d.sink.WriteAt(some, at) })
	} else {
		d.at.Away(&d.shore, func() { did, err = d.sink.Write(some) })
	}
	d.lag += did
	return did, err
}

// Spare lets no room be reserved in a file for a bare leg, which may come before the legs around it. Any loop may call it.
func (d *Delivery) Spare(l wire.Leg) {
	if d.route == routePlace {
		d.ground.pass(int64(l.Offset) + int64(l.Length))
	}
}

package receive

import (
	"errors"

	"viamillipede/engine/receive/stage"
	"viamillipede/netio"
)

// errHeldUp is why the last words of a link are not waited for: the sink has no room for what comes before them. The leg will
// come again.
var errHeldUp = errors.New("a write to the sink does not return")

// place moves what is there of a leg to its place. It answers like read.
func (k *rxlink) place() (n int, drained bool, err error) {
	e, l := &k.r.out, &k.leg.Leg
	if !e.Writes() || k.owner.pipe == nil {
		k.state, k.leg = stage.Dropped, nil // a copy of what is delivered, or a stream that fails
		return 0, false, nil
	}
	switch {
	case !e.Stuck():
	case k.ending:
		return 0, true, errHeldUp
	default:
		k.state = stage.Stalled
		e.Stall(k)
		return 0, true, k.watch()
	}
	left := int(l.Length) - k.got
	n, err = k.Conn.TakePipe(k.owner.pipe, left)
	if netio.Unsupported(err) {
		e.Refuse()
		if k.got == 0 {
			return 0, false, k.buffer(*l)
		}
	}
	if err != nil {
		return 0, true, err // the leg will come again
	}
	if e.Place(k.Loop, k.owner.pipe, int64(l.Offset)+int64(k.got), n) != nil {
		k.state, k.leg = stage.Dropped, nil
		k.owner.renewPipe()
	}
	k.got += n
	if n < left {
		return n, false, nil
	}
	k.state, k.got = stage.Header, 0
	return n, false, k.finishFrame()
}

package stream

import (
	"errors"

	"viamillipede/engine/wire"
	"viamillipede/netio"
)

// When this end gives up a link, the peer is told why (wire.Bye), so that it does not take the end of the link for a death, or for a
// failure of the network.

// Why an end lets go of a link although no system call has failed.
var (
	ErrSilent   = errors.New("nothing heard from the peer") // for Timing.Dead
	ErrStuck    = errors.New("nothing gets through to the peer")
	ErrLeft     = errors.New("not needed here any more")
	ErrChaos    = errors.New("cut by chaos")
	ErrReplaced = errors.New("dialled again by the sender")
	ErrYields   = errors.New("no leg came, and another sender is waiting")
	ErrQuit     = errors.New("its sender gave up before its first leg") // the stream's

	ErrUnfinished = errors.New("its leg cannot be finished")
)

// givenUp is why a link ends that the peer has given up.
type givenUp struct{ wire.Reason }

func (g givenUp) Error() string { return "given up by the peer: " + g.String() }

// harmless reports whether a link that ended so is no loss.
func (g givenUp) harmless() bool {
	return g.Reason == wire.ByeOther || g.Reason == wire.ByeMoved || g.Reason == wire.ByeYields || g.Reason == wire.ByeEnding
}

// ReasonOf is what the peer has to be told about a link that ends with err. ours is false if this end did not give the link up, or
// if nobody is to know.
func ReasonOf(err error) (r wire.Reason, ours bool) {
	_, told := errors.AsType[givenUp](err)
	switch {
	case err == ErrSilent:
		return wire.ByeSilent, true
	case err == ErrStuck:
		return wire.ByeStuck, true
	case err == ErrYields:
		return wire.ByeYields, true
	case err == ErrReplaced:
		return wire.ByeReplaced, true
	case err == ErrLeft || err == ErrQuit:
		return wire.ByeMoved, true
	case told || netio.Closed(err) || err == ErrChaos || err == ErrUnfinished || netio.OfSystem(err):
		return 0, false
	}
	return wire.ByeBroken, true
}

package engine

import (
	"errors"
	"io"

	"viamillipede/engine/wire"
	"viamillipede/netio"
)

// When this end gives up a link, the peer is told why (wire.Bye), so that it does not take the end of the link for a death, or for a
// failure of the network.

// Why an end lets go of a link although no system call has failed.
var (
	errSilent   = errors.New("nothing heard from the peer") // for Timing.Dead
	errStuck    = errors.New("nothing gets through to the peer")
	errLeft     = errors.New("not needed here any more")
	errChaos    = errors.New("cut by chaos")
	errReplaced = errors.New("dialled again by the sender")
	errYields   = errors.New("no leg came, and another sender is waiting")
	errQuit     = errors.New("its sender gave up before its first leg") // the stream's

	errUnfinished = errors.New("its leg cannot be finished")
)

// givenUp is why a link ends that the peer has given up.
type givenUp struct{ wire.Reason }

func (g givenUp) Error() string { return "given up by the peer: " + g.String() }

// harmless reports whether a link that ended so is no loss.
func (g givenUp) harmless() bool {
	return g.Reason == wire.ByeOther || g.Reason == wire.ByeMoved || g.Reason == wire.ByeYields || g.Reason == wire.ByeEnding
}

// reasonOf is what the peer has to be told about a link that ends with err. ours is false if this end did not give the link up, or
// if nobody is to know.
func reasonOf(err error) (r wire.Reason, ours bool) {
	_, told := errors.AsType[givenUp](err)
	switch {
	case err == errSilent:
		return wire.ByeSilent, true
	case err == errStuck:
		return wire.ByeStuck, true
	case err == errYields:
		return wire.ByeYields, true
	case err == errReplaced:
		return wire.ByeReplaced, true
	case err == errLeft || err == errQuit:
		return wire.ByeMoved, true
	case told || err == io.EOF || err == errChaos || err == errUnfinished || netio.OfSystem(err):
		return 0, false
	}
	return wire.ByeBroken, true
}

package engine

import (
	"viamillipede/engine/schedule"
	"viamillipede/netio"
)

// endingOf is how a link ended with err; told is whether the peer said why.
func endingOf(err error, told bool) schedule.Ending {
	switch {
	case told:
	case netio.Closed(err):
		return schedule.EndClosed
	case netio.Reset(err):
		return schedule.EndReset
	}
	return schedule.EndNoSign
}

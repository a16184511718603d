package stream

import (
	"viamillipede/engine/schedule"
	"viamillipede/netio"
)

// EndingOf is how a link ended with err; told is whether the peer said why.
func EndingOf(err error, told bool) schedule.Ending {
	switch {
	case told:
	case netio.Closed(err):
		return schedule.EndClosed
	case netio.Reset(err):
		return schedule.EndReset
	}
	return schedule.EndNoSign
}

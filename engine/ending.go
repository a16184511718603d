package engine

import "viamillipede/netio"

// endingOf is how a link ended with err; told is whether the peer said why.
func endingOf(err error, told bool) Ending {
	switch {
	case told:
	case netio.Closed(err):
		return EndClosed
	case netio.Reset(err):
		return EndReset
	}
	return EndNoSign
}

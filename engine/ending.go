package engine

import "viamillipede/netio"

// endingOf is how a link ended with err; told is whether the peer said why.
func endingOf(err error, told bool) ending {
	switch {
	case told:
	case netio.Closed(err):
		return endClosed
	case netio.Reset(err):
		return endReset
	}
	return endNoSign
}

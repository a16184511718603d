// Package stream has what both ends of a stream share: its settings, how it fails, the connections that its links are made of, what a link
// is at either end, and the life of the stream, from its beginning to the last word that the peer is told.
//
//	config.go, setup.go        what a user sets; hooks that no user sets
//	means.go, cpus.go          what the machine allows
//	placement.go               where the loops run
//	errors.go, cause.go        why a stream fails, and what of an error is worth telling
//	panic.go                   a fault in the program ends one stream and no more
//	transport.go, conn.go      where connections come from, and what a link needs of one
//
//	life.go                    the stream begins, is supervised, and ends once      the goroutine of Run
//	lastwords.go               the peer is told how it ended                        the same goroutine
//	                           the user is told of an outage (engine/internal/outcry)  the same goroutine
//	account.go                 what was done, and how the stream stands             any goroutine
//	curtain.go                 once it is over, nobody looks at what is closed
//
//	link.go                    what a link is, and what it says                     the loop of the link
//	linkloop.go                a loop and its links                                 its thread
//	linkstatus.go, linksum.go  how a link stands, and what it did                   the same thread
//	word.go, ending.go         why a link ends, and what that says of the peer
//	chaos.go                   links are cut on purpose
//	linkgauge.go               the kernel counts what links do (engine/internal/gauge)  one goroutine at the start
//
//	loops.go                   the loops are made, looked after (engine/internal/chore) and ended
//	buffers.go                 how a window is divided into legs
//	tally.go, pulse.go         what is counted, and how fast it grows
//
// It knows no end. engine/send and engine/receive are built on it, and package engine gives users the names that they need.
package stream

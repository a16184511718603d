// Package ways keeps the links of a stream up, by whichever paths lead to its peer: it dials them, and dials again when they are
// lost. It knows what there is to know of a path. It knows neither which end it works for nor what a link carries.
//
//	roads.go     the paths of a stream, and its links on them  shared, a short lock
//	called.go    those of an end that listens, as told by calls  likewise
//	dialer.go    those of an end that dials                   likewise
//	keeper.go    one link is dialled, lost, dialled again     one goroutine a link
//	redial.go    the wait until it is dialled again           the same goroutine
//	attempt.go   a name, a port, a connection                 the same goroutine
//	lookup.go    the addresses of a name                      one goroutine a path, for a moment
//	sports.go    the source ports of a path's links           shared, a short lock
//	race.go      its addresses: the first one wins            one goroutine an address, for a moment
//	prove.go     it is sealed, where there is a key           the same goroutine
//	greet.go     the ends agree on a link                     the same goroutine
//	greet_hello.go, greet_call.go  as a sender, and as a receiver
//	auto.go      as many links as raise the rate              one goroutine
//	network.go   changes of the network wake keepers          one goroutine
//	tuning.go    what the user changes meanwhile              any goroutine
//	path.go      what is known of a path, and what it carries  shared, a short lock; the latter without
//	account.go   what paths did, and what holds them back     whoever asks; one goroutine tells the latter
//	answers.go   why no path leads to the peer            whoever asks
//
// All goroutines are the Dialer's: the end of Start's context ends them, and Wait joins them. None of them is on the data path, and the
// scheduler, which is, reads and writes a path's Traffic directly.
package ways

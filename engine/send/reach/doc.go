// Package reach is how a sender and its receiver reach each other: the sender dials, or listens.
//
//	reach.go     one or the other
//	dialling.go  as the dialer of a sender sees it            any goroutine
//	hall.go      a call is heard: its receiver is or becomes the sender's, or is refused  a goroutine a connection, for a moment
//	links.go     its connection becomes a link, and takes the place of an older one  the loop of the link
//	place.go     where the loops run, as soon as it is known by which device  once, before the first link
//	fate.go      why there is no hope, and what the user is told  the supervisor
//
// It does not know what a link carries: a link is the sender's.
package reach

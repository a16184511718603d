// Package wire is the wire format, version 2: what one end of a link writes and the other end reads. SPEC.md beside
// this file describes every byte, well enough to write another peer.
//
// A link begins with one Hello from the sender and one Welcome from the receiver, 64 bytes each; where the receiver dials, a Call comes
// before them. After that both ends
// send frames: a 32-byte Header, and for some types a payload of Header.Length bytes.
//
//	sender -> receiver   Leg (also as HOLE, KEEP and CODED), Ask, Title (as NAME), Screen (as SIZE), Exit, End, Beat, Bye, Fault
//	receiver -> sender   Ack, Digests, Done, Beat, Bye, Fault
//
// Each message has a file; what they have in common lies beside them:
//
//	hello.go, welcome.go         the handshake
//	call.go                      and what comes before it where the receiver dials
//	leg.go, bare.go, coded.go, end.go  from the sender
//	title.go, screen.go, exit.go likewise
//	ack.go, done.go              from the receiver
//	ask.go, digests.go           what the receiver has already, from the sender and from the receiver
//	beat.go, bye.go, fault.go    from either
//	header.go, prologue.go       what a frame, and a message of the handshake, begin with
//	bytes.go, limits.go          checksums; versions, and the most that a message may say
//	role.go, errors.go           who may send what; why something does not parse
//	lanes.go                     how a connection of "lanes" is told from a link
//
// The Append method encodes it behind what dst holds, and writes to nothing but dst. Decoding
// has two steps, so that a reader knows the length of the payload before it has the payload: ParseHeader checks
// everything that a header can be checked for, and then the Header method named like the message returns its fields.
// Those methods trust Header.Type: call the one that matches it.
//
// What parses is encoded again to the same bytes; there is one encoding for every message (the text of a Fault is the
// one exception, see there). Nothing here keeps a reference to the memory it is given, nothing is allocated because a
// peer says so, and there is no state: all functions may run at the same time.
package wire

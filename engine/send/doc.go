// Package send is the sending end of a stream. Each stage with the file that holds it, from the source to the network:
//
//	ingest   engine/send/ingest  a read becomes a numbered leg   sequential, in the loop that has the turn
//	dispatch dispatch.go  an idle link takes the next leg        parallel, one dispatcher in each loop
//	         engine/send/relief  whether a second loop helps     each of the two
//	         order.go       which path may take new legs         the loop that asks; a short lock for all
//	         engine/send/course  what a link can be expected to do, and that its late legs are offered to others  the loop of the link
//	loop     loop.go      the links of a loop                    the loop
//	link     link.go      frames written, acks read              parallel, one loop owns a link
//	         leg.go         the ways of a leg into the socket    the same loop
//	         together.go    several of them in a packet          the same loop
//	         zero.go        one of them: MSG_ZEROCOPY (engine/send/zero)  the same loop
//	         aside.go       a link that is given up says why     the same loop
//	         end.go         what becomes of what it carried      the same loop
//	reach    engine/send/reach  links are dialled, by engine/ways, or come in, at engine/doors  one goroutine a link
//	sender   sender.go    the owner of all of these
//	         kept.go        what they are asked, and given   any goroutine
//	         welcome.go     a receiver is met, links come and go  under its lock
//	         verdict.go     when and why the stream ends         mainly the supervisor
//	         voice.go       a link to tell the receiver so       the same goroutine
//	         status.go      how it stands                        whoever asks
//
// What loops share on the data path is listed in package engine.
package send

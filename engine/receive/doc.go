// Package receive is the receiving end of a stream: legs come in on many links, at once and in any order, and go in order to the sink.
//
// The way of a leg, in:
//
//	doors     engine/doors  a connection says who it is   one goroutine a connection, for a moment
//	admit     admit.go     it becomes a link of this stream, or is refused; other senders wait for their turn
//	          repin.go       where the loops run                  the same goroutine, at the first link
//	          engine/receive/store  memory for the window of a stream, and what was said of its legs  likewise; shared
//	rxlink    link.go      frames read, acks written              parallel, one loop owns a link
//	          engine/receive/stage  what it does with what comes next  the same loop
//	          leg.go         a leg comes in                       the same loop
//	          bare.go        or one that has no payload; what the sink has already  the same loop
//	          engine/receive/claims  copies of a leg must agree   shared, a short lock a leg
//	          park.go        an early leg waits for its turn      the same loop
//	          cut.go         the head leg, spliced past the ring  the same loop, with the delivery turn
//	          place.go       a leg goes to its place in a file    the same loop
//	          engine/receive/decode  a coded leg gets its bytes back  goroutines beside the loops, when it is in the ring
//	         inspect        engine/receive/inspect  a leg of a test stream is checked  the same loop
//	          move.go        it goes where its packets come in    from one loop to another
//	          end.go         it ends, or says its last words      the same loop
//	rxloop    loop.go      a loop with its links, and the acks it owes
//	first     first.go     or a stream of version 1 comes in      a goroutine a connection, by engine/wire1/inflow
//	ring      engine/ring  legs in order again                    lock-free, many publishers
//	egress    engine/receive/egress  legs written to the sink     sequential: the delivery turn
//	dial      dialled.go   where the receiver dials: its links, and what they are called with   any goroutine; the loop of the link
//	receiver  receiver.go  the owner of all of these
//	          links.go       how links come and go, and whose stream it is
//	          verdict.go     when and why the stream ends         mainly the supervisor (stream.Life)
//	          engine/receive/fate  and what becomes of it without a link  the supervisor
//	          status.go      how it stands                        whoever asks
//
// A type's methods lie in one file or two, except those of rxlink: they lie by what a link does with a leg.
package receive

// Package engine moves one stream from a source to a sink over many links, in order and without loss.
//
// Bytes out, each stage with the file that holds it:
//
//	source   netio.Source                                         one reader at a time: the ingest turn
//	ingest   ingest.go    a read becomes a numbered leg           sequential, whichever loop has the turn
//	         reference.go   a leg of a pipe, by reference         the same turn
//	         extent.go      a leg of a file, which stays there    the same turn
//	         teststream.go  a leg of a test stream, made here     parallel, but for its place in the stream
//	         bounds.go      the user's bounds on legs             the same turn
//	dispatch dispatch.go  an idle link takes the next leg         parallel, one dispatcher in each loop
//	schedule engine/schedule  which link, how large a leg, how late   pure decisions, and every clock of the engine
//	         txspeed.go     what a link can be expected to do     the loop of the link
//	         txwatch.go     late legs are offered to other links  the same loop
//	txlink   txlink.go    frames written, acks read               parallel, one loop owns a link
//	         txleg.go       the ways of a leg into the socket     the same loop
//	         zerocopy.go    one of them: MSG_ZEROCOPY             the same loop
//	         txaside.go     a link that is given up says why      the same loop
//	window   engine/window  a leg is kept until it is received    shared, a short lock
//	keeper   keeper.go    a link is dialled, lost, dialled again  one goroutine a link, off the data path
//	         redial.go      what it was good for, and the wait    the same goroutine
//	         attempt.go     a name, a port, a connection          the same goroutine
//	         lookup.go      the addresses of a name               one goroutine a path, for a moment
//	         race.go        its addresses, the first one wins     one goroutine an address, for a moment
//	         auto.go        as many links as bring more           one goroutine
//	path     path.go      what is known of a path; its rate       shared, a short lock
//	gauge    gauge.go     socket statistics, by the kernel (eBPF)  one goroutine at the start
//	network  network.go   changes of the network wake keepers     one goroutine
//	sender   sender.go    what all of these belong to
//	         txwelcome.go   a receiver is met, links come and go  under its lock
//	         txverdict.go   when and why the stream ends          the supervisor, mostly
//	         txvoice.go     the receiver is told                  the same goroutine
//
// Bytes in:
//
//	door     door.go      a listener for each loop; a link goes to the loop where it came in
//	admit    admit.go     a connection is a link of this stream, or is refused
//	         strangers.go   the user is told of those, a line a host
//	         seats.go       so many connections that are not links
//	         shut.go        no door, while the local address is not there
//	         tenure.go      whose stream it is: who brought a leg
//	rxlink   rxlink.go    frames read, acks written               parallel, one loop owns a link
//	         rxleg.go       a leg comes in                        the same loop
//	         rxstate.go     what it does with what comes next     the same loop
//	         rxmove.go      it goes where its packets come in     from one loop to another
//	         claim.go       copies of a leg are one leg           shared, a short lock a leg
//	         inspect.go     a leg of a test stream is checked     the same loop
//	         park.go        an early leg waits for its turn       the same loop
//	route    route.go     how legs get to the sink                decided once, with ways out
//	ring     engine/ring  legs in order again                     lock-free, many publishers
//	egress   egress.go    legs written to the sink                sequential: the delivery turn
//	         cutthrough.go  the head leg, spliced past the ring   the same turn
//	         ground.go      the place of each leg in a file       shared, a short lock at the first leg
//	         outlet.go      who waits for the sink                shared, a short lock
//	         conclude.go    the sink is ended, once it is read    one goroutine at the end
//	         cutoff.go      or cut, when the stream fails         the end of the run
//	sink     netio.Sink
//	receiver receiver.go  what all of these belong to, and how links come and go
//	         rxverdict.go   when and why the stream ends          the supervisor, mostly
//	         rxvoice.go     the sender is told                    the same goroutine
//
// Beside them: conn.go says what a link needs of a connection, placement.go decides on which CPUs the loops run, gauge.go has
// the kernel count what the links do, outcry.go decides when an outage is told of, and snapshot.go, with pulse.go and
// summary.go, says how things stand.
//
// The engine speaks in data: a Snapshot, a Summary, and events (events_links.go, events_stream.go, events_choices.go) for an
// Observer (observe.go). Words are made of them in cmd. Only an error has words of its own.
//
// A loop (engine/loop) is one OS thread with its own epoll instance, its own shard of leg buffers and its own links. What a
// link does happens on its loop's thread only; other goroutines post a function to the loop. Where the kernel keeps that
// thread, in a call on the source or the sink, another one goes on with the loop meanwhile (engine/loop/takeover.go).
//
// What loops share on the data path, and nothing else. At both ends:
//
//	bufpool.Pool           a shard each; a buffer goes back to the shard that it came from
//	netio.Pipes            a short lock a leg by reference, or none: a receiver's loops have a pipe each
//	loop.Shore             whether a call on the source or the sink is stuck: two atomics a call
//	tally.go               what is counted for the user: a part each, added up when somebody asks
//
// Out:
//
//	ingest.turn            who reads the source; what is read and counted there is the holder's
//	window.Window          a short lock a leg and an ack; each leg counts who holds it
//	bounds.due             when the next leg may come, where the user sets a pace
//	Sender.hungry, watcher which loops wait for a leg, and which one for the source
//	Sender.allowed, legs, lately, legTime; pathState.flow, trip, idle, doubtful
//	                       what the scheduler knows of all links, or of a path's: each loop adds how its own have changed, when they are
//	                       measured or an ack came, and reads the sum
//	Sender.moved, hoped    when payload last moved
//
// In:
//
//	claims                 a short lock a leg, mostly of a slot that nobody else wants
//	ring.Ring              a compare and swap a leg
//	egress.turn            who writes to the sink; what is written and counted there is the holder's
//	egress.phase, bytes    how far the stream is with its sink: written by the holder of the turn, read by all
//	outlet                 whether the sink takes more, a lock only when it is full or takes more again
//	ground, cutting        of a file: how far it is written, and a read lock a piece that goes to its place
//	carPark.taken          whether a loop has legs that wait for their turn
//
// Goroutines beside the loops: the lists above say which, one owner each. Run starts them and joins them, except that a call which
// the kernel does not give back is left behind (chore.go, engine/loop/halt.go).
//
// A leg is kept at the sending end until the peer has received it, so a lost link is a normal event: its legs go to
// another link, ahead of new ones. Only the stream can fail; it does so once, with an *Error (supervise.go). On purpose
// links are cut by chaos.go alone. Of a stream that
// has no link an Observer is told (outcry.go). A fault in the program ends one stream too, and no more than that (panic.go).
// Whether a peer without a link is dead is decided by engine/schedule/outage.go.
package engine

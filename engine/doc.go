// Package engine moves one stream from a source to a sink over many links, in order and without loss.
//
// Bytes out, each stage with the file that holds it:
//
//	source   netio.Source                                         one reader at a time: the ingest turn
//	ingest   engine/send/ingest  a read becomes a numbered leg    sequential, in the loop that has the turn
//	dispatch engine/send  an idle link takes the next leg         parallel, one dispatcher in each loop
//	schedule engine/schedule  which link, how large a leg, how late  pure decisions, and every clock of the engine
//	send     engine/send  a leg leaves on a link, and acks are read  parallel, one loop owns a link
//	window   engine/window  a leg is kept until it is received    shared, a short lock
//	ways     engine/send/ways  links are dialled, lost, dialled again; what is known of their paths: one goroutine a link
//
// Bytes in:
//
//	doors    engine/receive/doors  a connection says who it is    one goroutine a connection, for a moment
//	receive  engine/receive  a leg comes in on a link, and is acked  parallel, one loop owns a link
//	ring     engine/ring  legs in order again                     lock-free, many publishers
//	egress   engine/receive/egress  legs written to the sink      sequential: the delivery turn
//	sink     netio.Sink
//
// At both ends alike, in engine/internal/stream:
//
//	link     link.go      what a link is at either end            the loop of the link
//	         linkloop.go    a loop with its links                 the same loop
//	life     life.go      the stream begins, and ends once        the supervisor: the goroutine of Run
//	         lastwords.go   the peer is told how it ended         the same goroutine
//	         outcry.go      the user is told of an outage         the same goroutine
//	         account.go     what it has done, and how it stands   whoever asks
//
// What both ends share is engine/internal/stream: conn.go there says what a link needs of a connection, placement.go decides on which
// CPUs the loops run, and gauge.go has the kernel count what the links do. Beside them: status.go of
// engine/send and of engine/receive say how an end stands.
//
// The engine speaks in data (engine/observe): a Snapshot, a Summary, and events for an Observer. cmd turns them into words. Only an
// error has words of its own. Tests and measurements make their ends by engine/rig, with hooks that no user sets.
//
// A loop (engine/loop) is one OS thread with its own epoll instance, its own shard of leg buffers and its own links. A link
// runs on its loop's thread only; other goroutines post a function to the loop. When the thread is stuck in the kernel, in a
// call on the source or the sink, another thread takes the loop over meanwhile (engine/loop/takeover.go).
//
// This is all that loops share on the data path. At both ends:
//
//	bufpool.Pool           a shard each; a buffer goes back to the shard it came from
//	netio.Pipes            a short lock for each leg by reference; none at a receiver, whose loops have a pipe each
//	loop.Shore             whether a call on the source or the sink is stuck: two atomic operations a call
//	stream.Tally           what is counted for the user: each loop its part, added up when somebody asks
//
// Out:
//
//	ingest.turn            who reads the source; what is read and counted there belongs to the holder
//	window.Window          a short lock for each leg and each ack; each leg counts its holders
//	bounds.due             when the next leg may come, if the user sets a pace
//	Sender.hungry, deferring, watcher
//	                       which loops wait for a leg, and why, and which one watches the source
//	schedule.Order         which path may take new legs: a short lock, when there are several paths
//	Sender.allowed, legs, lately, legTime; ways.Traffic
//	                       what the scheduler knows about all links, or about those of a path: each loop adds the changes of its own
//	                       when it measures them or an ack has come, and reads the sum
//	Sender.moved, hoped    when payload last moved
//
// In:
//
//	claims                 a short lock for each leg, usually on a slot that nobody else wants
//	ring.Ring              one compare-and-swap for each leg
//	Delivery.turn          who writes to the sink; what is written and counted there belongs to the holder
//	Delivery.phase, bytes  how far the stream has got with its sink: written by the holder of the turn, read by all
//	outlet                 whether the sink takes more; a lock only when that changes
//	ground                 for a file: how far it is written, and a read lock for each piece that goes to its place
//	carPark.taken          whether a loop has legs that wait for their turn
//
// The lists above name the goroutines beside the loops; each has one owner. Run starts and joins them. Only a goroutine whose
// call does not return from the kernel is left behind (stream.Chore, engine/loop/halt.go).
//
// A leg is kept at the sending end until the peer has received it, so a lost link is a normal event: its legs go to another
// link, ahead of new ones. Only the stream can fail; it does so once, with an *Error (stream.Life). Only stream.Chaos cuts
// links on purpose. An Observer is told when a stream has no link (outcry.go). A fault in the program ends one stream and no more
// (engine/internal/stream/panic.go). engine/schedule/outage.go decides whether a peer without a link is dead.
package engine

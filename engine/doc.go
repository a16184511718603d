// Package engine moves one stream from a source to a sink over many links, in order and without loss. It is what callers see: two
// constructors (ends.go), and the options, limits and errors that go with them (config.go).
//
// This is a tour of the rooms below it, on the way of a leg. The comment of each room names all of its files.
//
// # The way out
//
//	netio.Source                 the user's stream
//	engine/send/ingest           it becomes numbered legs                          sequential: the loop that has the ingest turn
//	    ingest.go                  a read becomes a leg
//	    reference.go               or a leg of a pipe goes by reference
//	    extent.go                  or a leg of a file is left in the file
//	    holes.go                   or it is a hole of a file, and has no bytes
//	    teststream.go              or a leg of a test stream is made               parallel, except for its place in the stream
//	    coded.go                   and it may go through a sidechain first         sequential, the same turn
//	    blocks.go                  where blocks become legs                        many at once, on goroutines beside the loops
//	engine/window                it is kept until the peer has received it         shared, a short lock
//	engine/schedule              which link, how large a leg, how late             pure decisions, and every clock of the engine
//	engine/send                  the sending end                                   parallel: each loop its own links
//	    dispatch.go                an idle link takes the next leg
//	    relief                     if its loop need not rest                       atomic
//	    order.go                   if its path may take new legs                   shared, a short lock
//	    link.go                    the link carries it
//	    leg.go                     into the socket
//	    zero.go                    perhaps from where it is, by engine/send/zero
//	engine/send/course           how the link fares                                parallel: each loop its own links
//	    speed.go                   a leg must not be late on it
//	    headway.go                 where one is, it is offered to other links
//	engine/send/reach            the links are dialled, or come in                 off the data path
//
// An ack comes back on any link: engine/send/link.go obeys it, the window forgets the legs, and the links learn from them (engine/send/course).
//
// # The way in
//
//	engine/receive               the receiving end                                 parallel: each loop its own links
//	    admit.go                   a connection that came in becomes a link
//	    dialled.go                 or one that was dialled
//	    link.go                    which reads frames
//	    stage                      and does with them what its state says
//	    leg.go                     a leg comes in
//	    bare.go                    or only its header, because it is a hole
//	    cut.go                     and goes past the ring, if it is the head leg
//	    place.go                   or to its place in a file
//	    park.go                    or waits for its turn in the socket
//	engine/receive/store         it is wanted, and whole, and has memory           shared
//	engine/receive/claims        copies of it agree                                shared, a short lock
//	engine/ring                  or is put in order                                shared, lock-free
//	engine/receive/decode        what was coded gets its own bytes back            many at once, on goroutines beside the loops
//	engine/receive/egress        legs go to the sink                               sequential: the loop that has the delivery turn
//	    delivery.go                those in the ring are written
//	    links.go                   what a link may do to the sink itself
//	    route.go                   by which way
//	    hollow.go                  or a hole is left, or written as zeros
//	    decoded.go                 the head leg may have to be decoded first
//	    conclude.go                the end of the stream is written, and read      a goroutine at the end
//	netio.Sink                   the user's stream again
//	engine/receive
//	    loop.go                    what came in is acknowledged
//	engine/receive/fate          what becomes of the stream without a link         the goroutine of Run
//
// # Both ends
//
//	engine/loop                  one OS thread with an epoll instance, a shard of the leg buffers, and links; a goroutine, while it does little
//	engine/ways                  where an end dials: links are dialled, lost, dialled again   a goroutine a link, off the data path
//	engine/doors                 where it listens: connections come in             a goroutine a connection, for a moment
//	    doors.go                   several listeners
//	    prove.go                   a connection shows that it has the key, if there is one
//	    hear.go                    it says hello, or calls
//	    first.go                   or speaks version 1 of the wire
//	    tenure.go                  is it of the stream that the end serves?
//	engine/house                where it listens and stays: each peer has a room, with ends of its own, or waits for one
//	engine/internal/stream       what both ends share
//	    link.go                    what a link is at either end
//	    life.go                    a stream begins, is supervised, and ends once   the goroutine of Run
//	    lastwords.go               the peer is told how                            the same goroutine
//	engine/internal/outcry       the user is told when it has no link              the same goroutine
//	engine/internal/gauge        the kernel counts what links do, if it lets us    a goroutine at the start
//	engine/internal/chore        goroutines beside the loops, and waits
//	engine/parties               programs at the other end of the user's pipes, which have a say in the end of the stream
//	engine/resume                what an earlier run has left is compared          goroutines of its own
//	engine/tune                  what the user may change while the stream runs: engine/ways sees to paths and links
//	engine/observe               what it shows: a Snapshot, a Summary, and events for an Observer
//	engine/sidechain             coders of legs: compressors, and programs of the user's
//	engine/seal                  links that only those with a key can read: the handshake, and records
//	engine/sealed                the bytes of such a link, between its records and the socket
//	engine/wire                  the format on the wire, and SPEC.md
//	engine/wire1                 version 1 of it, that of the original, and SPEC1.md
//	    inflow                     a stream of version 1 comes in                  a goroutine a connection: a guest's
//	    outflow                    and one goes out                                a goroutine a link, and one that reads
//	engine/prbs                  test streams
//	engine/rig                   ends with hooks that no user sets, for tests and measurements
//
// A link runs on its loop's thread only; other goroutines post a function to the loop. When the thread is stuck in the kernel, in a call
// on the source or the sink, another thread takes the loop over meanwhile (engine/loop/takeover.go).
//
// A leg is kept at the sending end until the peer has received it, so a lost link is a normal event: its legs go to another link, ahead
// of new ones. Only the stream can fail; it does so once, with an *Error. A fault in the program ends one stream and no more
// (engine/internal/stream/panic.go). engine/schedule/outage.go decides whether a peer without a link is dead.
//
// The engine speaks in data, and cmd turns them into words. Only an error has words of its own.
//
// # What loops share on the data path
//
// This is all. At both ends:
//
//	bufpool.Pool           a shard each; a buffer goes back to the shard it came from
//	netio.Pipes            a short lock for each leg by reference; none at a receiver, whose loops have a pipe each
//	the shelves of engine/sealed  buffers between sealed links and their sockets: a short lock for each that is taken or given back
//	loop.Shore             whether a call on the source or the sink is stuck: two atomic operations a call
//	stream.Tally           what is counted for the user: each loop its part, added up when somebody asks
//
// Out:
//
//	ingest.Intake          its turn says who reads the source; what is read and counted there belongs to the holder
//	                       its bounds say when the next leg may come, if the user sets a pace
//	window.Window          a short lock for each leg and each ack; each leg counts its holders
//	Sender.hungry, deferring, watcher, helper
//	                       which loops wait for a leg, and why, which one watches the source, and whether the first needs help
//	schedule.Order         which path may take new legs: a short lock, when there are several paths
//	course.Fleet, ways.Traffic
//	                       what the scheduler knows about all links, or about those of a path: each loop adds the changes of its own
//	                       when it measures them or an ack has come, and reads the sum. The fleet has when payload last moved, too
//	ways.Path              whether what its links carry gets through: atomic, and written only when a link finds that this has changed
//
// In:
//
//	doors.Tenure           whether the stream is the receiver's own: it changes once
//	claims.Claims          a short lock for each leg, usually on a slot that nobody else wants
//	ring.Ring              one compare-and-swap for each leg
//	egress.Delivery        its turn says who writes to the sink; what is written and counted there belongs to the holder. Its phase and
//	                       bytes, how far the stream has got, are written by the holder and read by all. Its outlet, whether the
//	                       sink takes more, has a lock when that changes; its ground, how far a file is written, a read lock for each
//	                       piece that goes to its place
//	carPark.taken          whether a loop has legs that wait for their turn
//
// # Goroutines beside the loops
//
// Each has one owner, which joins it, except one that only looks at a pipe for a message to the user. One whose call does not return
// from the kernel is left behind.
//
//	threads of loops           Run begins them, and ends and joins them together (engine/loop/halt.go)
//	their lookout              Run: a thread that is stuck loses its loop (engine/loop/takeover.go)
//	supervisor                 the goroutine of Run itself
//	keepers, attempts, lookups, auto, hints, the network's watcher
//	                           ways.Dialer: they end with Start's context, and Wait joins them
//	listeners, guests          doors.Doors: they end with the context of the last Accept, and Accept joins them
//	streams of a house         house.House: Run joins them
//	end of the sink            egress.Delivery: it closes ended
//	crews of coders            ingest.Intake and decode.Decoding: they end with them
//	questions to parties       ingest.Intake and egress.Delivery, a chore.Chore each: was that all? and: whose stream it is
//	hashing of a file            ingest.Intake and Receiver: it ends with them, or when a call on the file returns
//	loading of BPF programs    chore.Chore: one for the statistics of links, one for the proof of pages
//
// # Verbs
//
// A verb means one thing in a package.
//
//	accept, hear, admit, serve     a listener takes a connection; its hello is read; the receiver decides; it makes it a link
//	try, own, yield, vacate        a stream becomes the current one; the receiver's own, for good; has to go; has gone
//	dial, greet                    a connection is made; hello and welcome go over it
//	open, close                    what an end, or a part of it, needs of this machine is acquired; is given back
//	pull, refer                    a loop asks the source for a leg; the leg is made of the source's pages, without a copy
//	carry, send, depart            a link is given a leg; writes what the socket takes; has the leg on its way
//	offer, lose                    a leg may go by another link too; a link ends, and its legs go by others
//	receive, read, obey            a link's turn to read; one system call; a whole frame does what it says
//	cut, place, park, buffer       what a leg does that comes in: straight to the sink; to its place; waits in its socket; into memory
//	deliver, acknowledge           legs in order are written; the peer is told what came and what was delivered
//	take                           a turn, a pipe or a seat becomes the caller's
//	measure, look, check           the kernel is asked how a link stands; the answer is noted; something is done about it
//	watch, mute                    a descriptor is in the epoll instance, or is left out for a while; doors and ways watch the network
//	post, nudge, rouse             a loop has to call a function; has to make a round; the supervisor has to look
//	leave, part, retire            a link ends without loss; after its last words; is counted out, and its connection goes on
//	judge, fail, finish            the supervisor decides on the stream; it ends with an error; it ends
//	insist, farewell, forsake      the peer must hear why; is told; and the links that have not told it are counted on no more
//	repin, settle                  where loops run is decided anew; which congestion control a link has is decided, once
package engine

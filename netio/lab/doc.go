// Package lab makes two hosts on one machine, joined by several network paths, and breaks them in the ways that real
// networks break. It is for tests, which New skips without root, and for tools that measure (Open). The program itself
// never contains it.
//
// A lab is two network namespaces, side TX and side RX, with a veth pair for each path:
//
//	        side TX                       side RX
//	path 0  p0 198.18.0.1/24 ------------ p0 198.18.0.2/24
//	path 1  p1 198.18.1.1/24 ------------ p1 198.18.1.2/24
//	...
//
// Paths with a delay, a loss and a rate follow, if requested: pairs of TUN devices with tools/delay between them.
//
// Loopback is up on both sides. The files, in the order in which a test uses them:
//
//	lab.go       New and Open: namespaces and paths; everything is removed by the test's cleanup, or by Close
//	space.go     one namespace and the thread that lives in it
//	command.go   programs that run on a side
//	path.go      a path goes down, is shaped, swallows its packets
//	drop.go      a packet filter drops all that a path carries
//	traffic.go   what the devices of the paths have sent, once or over time
//	bare.go      plain TCP connections, one per path: what the paths have to give
//	queue.go     which CPUs handle what arrives in a queue of a device, and whether that is told
//	delay.go     paths that take their time and lose packets
//	sysctl.go    settings of a side's network
//	conn.go      established connections are listed and destroyed (sock_diag(7), SOCK_DESTROY)
//	stranger.go  sockets of the test itself on a side, and whatever else it does there
//	counter.go   the stream that tests send: its words count, so that any byte can be checked by its offset alone
//	gate.go      Gate, Feed, Drain: a producer and a consumer that can be held, slowed and waited for
//	proc.go      memory, descriptors and threads of a process
//	consume      a program: the consumer of a counter stream, for tests that stop and kill it
//
// The namespaces have no name. They are held by a descriptor and a thread of the test process, so that nothing is left
// behind even if the test is killed: the kernel removes the namespaces with the process, the veth pairs with the
// namespaces, and sends SIGKILL to the programs started here (PR_SET_PDEATHSIG, see prctl(2)).
package lab

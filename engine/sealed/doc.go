// Package sealed moves the bytes of a sealed link: what an end sends is sealed just before the socket takes it, from wherever it is kept
// in the clear, and what comes in is opened into the memory that it is meant for. A Conn does what a link's connection does
// (engine/internal/stream), except what needs no copy.
//
//	conn.go       a connection, and how it ends
//	send.go       bytes become records, and go into the socket
//	recv.go       records come out of the socket, and become bytes
//	transport.go  where such connections come from
//	buffers.go    the memory in between, which stays in the cache
package sealed

// Package tcpend is a TCP connection as an end of streams: what comes in on it is sent, and what is received goes out on it.
//
//	end.go   the connection as the engine sees it: two descriptors, their ends, and a reset
//	door.go  a connection that is taken on a port
//	dial.go  one that is made to a host
//
// The end of a direction is the end of that direction of the connection (FIN), and the other one goes on. A connection that is to be
// closed before all is well is reset, whoever closes it, the kernel after a SIGKILL included: its peer never takes half a stream for
// a whole one.
package tcpend

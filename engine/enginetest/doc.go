// Package enginetest gives tests of the engine a network inside their own process: links are pairs of UNIX sockets, which the
// engine's loops watch like any other, and which break in ways that a seed determines.
//
//	net.go     Net, the stream.Transport of every end in it: paths, listeners, dialling
//	fault.go   what can go wrong with a link, and the draw
//	end.go     an end of a link while it is opened
//	conn.go    an end of a link once its loop has it
//	stdio.go   sources and sinks of every kind
//	leaks.go   descriptors, goroutines and threads that were left behind
//
// A seed decides which links break, where and how, but not how threads take turns. Every fault is taken from a budget, so that in
// the end the network is faultless and the stream can finish.
package enginetest

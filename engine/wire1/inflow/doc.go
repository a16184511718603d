// Package inflow takes a stream of version 1 of the wire, that of the original, and hands it on in order.
//
//	inflow.go            the stream: whose turn it is, how it ends, and what was lost
//	receiver.go          the receiver that it comes to
//	link.go              a connection: packets come in, and legs wait for their turn     a goroutine a connection
//
// There are no acks and no credit: a leg that comes early stays where it is, a little of it in buffers and the rest in its connection,
// until all legs before it are handed on. TCP's own back-pressure holds its sender. That cannot lock up: a connection brings its legs in
// the order of their numbers, so the leg that is missing is never behind a later one.
//
// Nor is anything resent. Where a leg is lost with its connection the stream fails with status 5; there is never a gap.
package inflow

// Package decode undoes what a sidechain did to the legs of a stream, many at once, beside the loops.
//
//	decode.go   a leg that is in the ring gets its own bytes back   goroutines of its own
//
// A coded leg is published like any other as soon as it is whole, so that its sender may forget it. Delivery waits for the head leg to be
// decoded. A slow decoder is so to the sender what a slow consumer is.
package decode

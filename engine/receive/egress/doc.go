// Package egress is the last stage of the way in: it writes legs, in order, to the sink.
//
//	delivery.go  legs written to the sink                sequential: the delivery turn
//	leg.go       a leg at the receiving end
//	route.go     how legs get to the sink                decided once, with fallbacks
//	links.go     what a link may do to the sink itself   the same turn, or for a leg's own place
//	hollow.go    holes, in a file or as zeros            the delivery turn
//	ground.go    the place of each leg in a file         shared, a short lock at the first leg
//	outlet.go    which links wait for the sink           shared, a short lock
//	decoded.go   the head leg may have to be decoded     any goroutine
//	conclude.go  the sink is ended once it is read, or cut when the stream fails: one goroutine at the end
//	consumer.go  what the consumer says of it            the same goroutine
//
// It knows no link and no receiver. A receiver has one Delivery, tells it what its Config lacks (Attach, Announce, Begin, End), and hears
// from it through the functions of Config. Links hold the turn for as long as they cut the head leg through, and wait as Waiters.
//
// The methods of Delivery lie by who calls them: any loop (delivery.go), the loop of a link on the link's behalf (links.go), and the
// goroutine that ends the sink (conclude.go).
package egress

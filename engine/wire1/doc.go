// Package wire1 is version 1 of the wire format, that of the original viamillipede in C. SPEC1.md beside this file describes every
// byte, and what its two ends can promise each other.
//
//	sender -> receiver   the phrase, 4 bytes; then packets
//	receiver -> sender   "ok", once; nothing after that
//
//	packet.go            a packet's header
//	checksum.go          the checksum of a leg, which depends on the legs before it
//
// The rooms below it are the two ends: engine/wire1/inflow takes a stream from the original, engine/wire1/outflow sends one to it.
//
// There is no state here, nothing is allocated because a peer says so, and nothing keeps a reference to the memory it is given.
package wire1

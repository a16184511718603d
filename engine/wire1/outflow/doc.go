// Package outflow sends a stream in version 1 of the wire, that of the original.
//
//	sender.go    the stream: what it needs, how it begins and how it ends
//	meet.go      a link is dialled, says the phrase, and is answered     a goroutine a link
//	read.go      the source becomes numbered legs                        one goroutine
//	link.go      a link carries one leg after the other                  a goroutine a link, and one that listens
//	conclude.go  the end is said, and the peer's kernel has everything   the goroutine of Run
//	status.go    how it stands                                           whoever asks
//
// There are no acks and no credit: a link takes the next leg once its socket has taken the one before, so TCP's own back-pressure decides
// how much each carries. A leg is kept until then and no longer. Nothing can be sent again: where a link is lost the stream fails, and
// all other links are reset, so that the receiver fails too and takes no stream with a gap for a whole one.
//
// The stream begins when all links are up. A receiver of version 1 may end for good where a connection goes away without having said
// the phrase, so none is dialled while the stream may end.
package outflow

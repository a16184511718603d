// Package ingest is the first stage of the way out: it turns the source into numbered legs.
//
//	config.go      where the stream comes from, and why its legs are copied
//	ingest.go      a read becomes a numbered leg           sequential: the ingest turn
//	ahead.go       what was read together with it          the same turn
//	reference.go   a leg of a pipe, by reference           the same turn
//	extent.go      a leg of a file, left in the file       the same turn; links read the file, too
//	holes.go       where it has data                       the same turn
//	resume.go      what the receiver has of it             the same turn
//	piece.go       a part of such a file in memory         the loop of the link that sends it
//	coded.go       or legs go through a sidechain first   in blocks, which are taken in order again: the same turn
//	blocks.go      where each becomes a leg, or several   many at once, beside the loops
//	teststream.go  a leg of a test stream, made here       parallel, except for its place in the stream
//	screen.go      how large a terminal is                 any
//	opening.go     a source that its producer has to open  a goroutine at the beginning
//	assent.go      was that all? The producer says so      a goroutine at the end
//	bounds.go      the user's bounds on legs               the same turn
//
// It knows no link and no sender. A sender has one Intake, opens it before any loop runs, and gives it the window's memory once there
// is a receiver (FillFrom). Loops with an idle link Pull; what they get instead of a leg is a Hunger. A link that sends a leg of a file
// asks for its place there (OffsetOf), and tells how it went (MustRead, Sent).
package ingest

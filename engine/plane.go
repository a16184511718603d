package engine

import "errors"

// Plane is how legs get through one end.
type Plane int

// The planes. Those of a sender first, then those of a receiver; the two that copy are of both.
const (
	PlaneCopy     Plane = iota // read, write
	PlaneCopyFile              // pread, write
	PlaneBlank                 // nothing is read: what is sent is of no interest
	PlanePRBS                  // made in memory
	PlaneSplice                // pipe to socket
	PlaneSendFile              // page cache to socket
	PlaneToPipe                // socket to pipe
	PlaneToSink                // socket to pipe to sink
	PlaneToPlace               // socket to pipe to file, each leg to its place
)

// EnginePath is how the bytes travelled at one end until now.
type EnginePath struct {
	Plane      Plane
	Legs       int64 // that went that way, of a plane that moves references
	Copied     int64 // legs that were copied in place of that
	Why        error // why legs are copied, those of PlaneSendFile that are, or all; nil: none is, or it goes without saying
	ZeroCopy   int64 // calls with MSG_ZEROCOPY; at a sender
	ZeroCopied int64 // of them, those in which the kernel copied all the same
	Checksum   bool  // a crc32c of each leg
	Checked    bool  // at a receiver: the bytes are those of the test stream of Seed, or the stream fails
	Seed       uint64
}

// Why legs are copied.
var (
	errAsked      = errors.New("as asked")
	errChecksum   = errors.New("a checksum needs every byte")
	errCharmode   = errors.New("charmode") // nothing that a pipe has is gathered into legs that would be worth moving by reference
	errNoneProven = errors.New("no leg was proven to consist of the kernel's own pages")
	errLateProof  = errors.New("the proof was not ready in time")
	errShort      = errors.New("a short stream is not worth the proof")
)

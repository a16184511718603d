package observe

import "errors"

// Plane is how legs get through one end.
type Plane int

// The planes: those of a sender first, then those of a receiver. The two that copy belong to both.
const (
	PlaneCopy     Plane = iota // read, write
	PlaneCopyFile              // pread, write
	PlaneBlank                 // nothing is read: what is sent does not matter
	PlanePRBS                  // made in memory
	PlaneSplice                // pipe to socket
	PlaneSendFile              // page cache to socket
	PlaneToPipe                // socket to pipe
	PlaneToSink                // socket to pipe to sink
	PlaneToPlace               // socket to pipe to file, each leg to its place
)

// EnginePath is how the bytes have travelled at one end so far.
type EnginePath struct {
	Plane      Plane
	Legs       int64 // that went that way, if the plane moves references
	Copied     int64 // legs that were copied instead
	Why        error // why legs are copied: with PlaneSendFile those that are, else all; nil: none is, or the reason is obvious
	ZeroCopy   int64 // calls with MSG_ZEROCOPY; at a sender
	ZeroCopied int64 // how many of them the kernel copied after all
	Checksum   bool  // a crc32c of each leg
	Checked    bool  // at a receiver: the bytes are those of the test stream of Seed, or the stream fails
	Seed       uint64
}

// Why legs are copied: values of EnginePath.Why that are the stream's own, not the kernel's.
var (
	ErrAsked      = errors.New("as asked")
	ErrSealed     = errors.New("a key seals every byte")
	ErrChecksum   = errors.New("a checksum needs every byte")
	ErrCoded      = errors.New("a sidechain needs every byte")
	ErrCharmode   = errors.New("charmode") // nothing that a pipe has is gathered into legs that would be worth moving by reference
	ErrNoneProven = errors.New("no leg was proven to consist of the kernel's own pages")
	ErrLateProof  = errors.New("the proof was not ready in time")
	ErrShort      = errors.New("a short stream is not worth the proof")
)

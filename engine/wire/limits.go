package wire

import "math"

// Version is the wire version that this package speaks.
const Version = 2

// Sizes, in bytes.
const (
	HelloLen   = 64
	WelcomeLen = 64
	HeaderLen  = 32
	MaxLeg     = 4 << 20 // payload of a leg; the most that one lost link makes us send again
	MaxBitmap  = 512     // bitmap of an Ack: 4096 legs beyond the first missing one
	MaxText    = 256     // text of a Fault: a line or two on a terminal
	MaxDigests = 32      // in one frame: as long as the longest Ack
	DigestLen  = 16
	Piece      = 1 << 20 // of a file, with a digest of its own: it fits into the cache of a CPU
	MaxTitle   = 64      // text of a Title
)

// maxCount bounds leg numbers, leg counts and stream offsets, so that sums of them never wrap and they fit an off_t.
const maxCount = math.MaxInt64

const (
	maxWords  = MaxBitmap / wordLen
	wordLen   = 8           // bytes in a word of a bitmap
	wordBits  = 8 * wordLen //
	maxStatus = math.MaxUint16
	maxReason = math.MaxUint8
	maxScreen = math.MaxUint16 // columns and rows
)

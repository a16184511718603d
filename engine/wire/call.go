package wire

import (
	"fmt"
	"math"
)

const callMagic = "\xf8VMP"

// CallLen is the size of a Call, in bytes.
const CallLen = 64

// mostLinks bounds the links and the paths of a stream.
const mostLinks = 64

// SpillNever is the Spill of a path that is used only while those before it are down.
const SpillNever = math.MaxUint32

// Call is the first message of a link that the receiver dials: the sender answers it with a Hello or, if it refuses, with a Welcome
// that says why. It tells the sender what the receiver's user wants of the path.
//
//	 0 magic F8 "VMP"     4 version u16    6 flags u16    8 path u8    9 paths u8    10 link u8    11 links u8    12 phrase [4]
//	16 stream id [16]
//	32 spill u32         36 generation u32               40 rate u64
//	48 receiver u64                                      56 zero u32                 60 crc32c of 0..59
type Call struct {
	Version    uint16   // Append takes 0 for Version
	Flags      uint16   // FlagResume: the receiver has taken legs of Stream, and can take no other one
	Path       uint8    // place of the link's path in the user's order, below Paths
	Paths      uint8    // 1 to 64; the same on each link
	Link       uint8    // index of the link within the stream, below Links
	Links      uint8    // links planned, 1 to 64; the same on each link
	Phrase     [4]byte  // checkphrase; all zero: none
	Stream     StreamID // all zero without FlagResume
	Spill      uint32   // milliseconds that the paths before this one may take for what waits until it helps; or SpillNever
	Generation uint32   // how often this link was dialled
	Rate       uint64   // the most that the path's links carry together, in bytes a second; 0: no limit
	Receiver   uint64   // random: identifies the process, as in its Welcome
}

// Append appends the CallLen bytes of c to dst.
func (c Call) Append(dst []byte) []byte {
	at := len(dst)
	dst = appendPrologue(dst, callMagic, c.Version)
	dst = le.AppendUint16(dst, c.Flags)
	dst = append(dst, c.Path, c.Paths, c.Link, c.Links)
	dst = append(dst, c.Phrase[:]...)
	dst = append(dst, c.Stream[:]...)
	dst = le.AppendUint32(dst, c.Spill)
	dst = le.AppendUint32(dst, c.Generation)
	dst = le.AppendUint64(dst, c.Rate)
	dst = le.AppendUint64(dst, c.Receiver)
	dst = le.AppendUint32(dst, 0)
	return seal(dst, at)
}

// ParseCall decodes the first CallLen bytes of b. It may be called with as much as has arrived so far.
//
//	Call, nil                      the call
//	Call{}, ErrShort               good as far as it goes, more bytes are needed
//	Call{}, ErrMagic               not a viamillipede; known from the first wrong byte on
//	Call{Version: v}, ErrVersion   the peer speaks version v; known from 6 bytes on, whatever follows
//	Call{}, ErrHeader              bytes changed on the way
//	Call{}, ErrReserved            an unknown flag, reserved bytes in use, or a stream id without FlagResume
//	Call{}, ErrCount               Paths, Path, Links, Link or Rate is out of range
func ParseCall(b []byte) (Call, error) {
	version, err := parsePrologue(b, callMagic)
	if err != nil {
		return Call{Version: version}, fmt.Errorf("parse call: %w", err)
	}
	if len(b) < CallLen {
		return Call{}, fmt.Errorf("parse call: %w: %d of %d bytes", ErrShort, len(b), CallLen)
	}
	b = b[:CallLen]
	c := Call{
		Version:    version,
		Flags:      le.Uint16(b[6:]),
		Path:       b[8],
		Paths:      b[9],
		Link:       b[10],
		Links:      b[11],
		Phrase:     [4]byte(b[12:]),
		Stream:     StreamID(b[16:]),
		Spill:      le.Uint32(b[32:]),
		Generation: le.Uint32(b[36:]),
		Rate:       le.Uint64(b[40:]),
		Receiver:   le.Uint64(b[48:]),
	}
	switch {
	case !sealed(b):
		return Call{}, fmt.Errorf("parse call: %w", ErrHeader)
	case c.Flags&^FlagResume != 0 || !zeros(b[56:60]) || c.Flags&FlagResume == 0 && c.Stream != StreamID{}:
		return Call{}, fmt.Errorf("parse call: %w", ErrReserved)
	case c.Paths > mostLinks || c.Path >= c.Paths:
		return Call{}, fmt.Errorf("parse call: %w: path %d of %d", ErrCount, c.Path, c.Paths)
	case c.Links > mostLinks || c.Link >= c.Links:
		return Call{}, fmt.Errorf("parse call: %w: link %d of %d", ErrCount, c.Link, c.Links)
	case c.Rate > maxCount:
		return Call{}, fmt.Errorf("parse call: %w: %d bytes a second", ErrCount, c.Rate)
	}
	return c, nil
}

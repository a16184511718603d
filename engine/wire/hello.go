package wire

import (
	"fmt"
	"math"
)

// helloMagic begins with a byte that neither a printable checkphrase nor ASCII or UTF-8 text can begin with.
const helloMagic = "\xf6VMP"

// Flags of a Hello.
const (
	FlagResume = 1 << 0 // some legs of the stream were received: a receiver that does not know the stream must refuse
)

// Features, asked for in a Hello and granted in a Welcome.
const (
	FeatureChecksum = 1 << 0 // legs carry the checksum of their payload
	FeatureHoles    = 1 << 1 // a leg of zeros may be a Hole
	FeatureKeep     = 1 << 2 // what the receiver has in its file need not be sent: Ask, Digests and Keep

	FeatureName = 1 << 3 // the first frame of a link may be a Title
	FeatureSize = 1 << 5 // the stream comes from a terminal: Screen
	FeatureExit = 1 << 6 // the stream is made by a program whose status counts: Exit

	FeatureRest = 1 << 7 // a link on which only heartbeats pass may say rarely that it lives

	FeatureSidechain = 1 << 4 // legs may be coded, by the chain of the Hello

	Features = FeatureChecksum | FeatureHoles | FeatureKeep | FeatureName | FeatureSidechain | FeatureSize | FeatureExit | FeatureRest // all that this version knows
)

// Hello is the first message of a link, from sender to receiver.
//
//	 0 magic F6 "VMP"     4 version u16    6 flags u16    8 features u32   12 phrase [4]
//	16 stream id [16]
//	32 link u32          36 generation u32               40 max leg u32   44 links u32
//	48 size u64                                           56 chain u32    60 crc32c of 0..59
type Hello struct {
	Version    uint16  // Append takes 0 for Version
	Flags      uint16  // FlagResume
	Features   uint32  // asked for, the same on each link; bits that the receiver does not know are allowed
	Phrase     [4]byte // checkphrase; all zero: none
	Stream     StreamID
	Link       uint32 // index of the link within the stream; a name, not a size
	Generation uint32 // how often this link was dialled
	MaxLeg     uint32 // bytes of the largest leg that will be sent, 1 to MaxLeg
	Links      uint32 // links planned: every Link is below it
	Size       uint64 // bytes of the stream, a hint; 0: not known
	Chain      uint32 // of FeatureSidechain: 4 bits for the codec of each step, the first one lowest, none of them 0; else 0
}

// Append appends the HelloLen bytes of h to dst.
func (h Hello) Append(dst []byte) []byte {
	at := len(dst)
	dst = appendPrologue(dst, helloMagic, h.Version)
	dst = le.AppendUint16(dst, h.Flags)
	dst = le.AppendUint32(dst, h.Features)
	dst = append(dst, h.Phrase[:]...)
	dst = append(dst, h.Stream[:]...)
	dst = le.AppendUint32(dst, h.Link)
	dst = le.AppendUint32(dst, h.Generation)
	dst = le.AppendUint32(dst, h.MaxLeg)
	dst = le.AppendUint32(dst, h.Links)
	dst = le.AppendUint64(dst, h.Size)
	dst = le.AppendUint32(dst, h.Chain)
	return seal(dst, at)
}

// ParseHello decodes the first HelloLen bytes of b. It may be called with as much as has arrived so far.
//
//	Hello, nil                      the hello
//	Hello{}, ErrShort               good as far as it goes, more bytes are needed
//	Hello{}, ErrMagic               not a viamillipede; known from the first wrong byte on
//	Hello{Version: v}, ErrVersion   the peer speaks version v; known from 6 bytes on, whatever follows
//	Hello{}, ErrHeader              bytes changed on the way
//	Hello{}, ErrReserved            an unknown flag, or a chain that is none, or without its feature
//	Hello{}, ErrLength              MaxLeg or Size is out of range
func ParseHello(b []byte) (Hello, error) {
	version, err := parsePrologue(b, helloMagic)
	if err != nil {
		return Hello{Version: version}, fmt.Errorf("parse hello: %w", err)
	}
	if len(b) < HelloLen {
		return Hello{}, fmt.Errorf("parse hello: %w: %d of %d bytes", ErrShort, len(b), HelloLen)
	}
	b = b[:HelloLen]
	h := Hello{
		Version:    version,
		Flags:      le.Uint16(b[6:]),
		Features:   le.Uint32(b[8:]),
		Phrase:     [4]byte(b[12:]),
		Stream:     StreamID(b[16:]),
		Link:       le.Uint32(b[32:]),
		Generation: le.Uint32(b[36:]),
		MaxLeg:     le.Uint32(b[40:]),
		Links:      le.Uint32(b[44:]),
		Size:       le.Uint64(b[48:]),
		Chain:      le.Uint32(b[56:]),
	}
	switch {
	case !sealed(b):
		return Hello{}, fmt.Errorf("parse hello: %w", ErrHeader)
	case h.Flags&^FlagResume != 0 || !chained(h.Features, h.Chain):
		return Hello{}, fmt.Errorf("parse hello: %w", ErrReserved)
	case h.MaxLeg < 1 || h.MaxLeg > MaxLeg:
		return Hello{}, fmt.Errorf("parse hello: %w: legs of %d bytes", ErrLength, h.MaxLeg)
	case h.Size > math.MaxInt64:
		return Hello{}, fmt.Errorf("parse hello: %w: a stream of %d bytes", ErrLength, h.Size)
	}
	return h, nil
}

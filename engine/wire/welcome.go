package wire

import "fmt"

const welcomeMagic = "\xf7VMP"

// Verdict is the receiver's answer to a Hello or, as a refusal, the sender's to a Call. Every value but VerdictOK is a refusal, unknown values too.
type Verdict uint16

// The verdicts.
const (
	VerdictOK        Verdict = 0
	VerdictPhrase    Verdict = 1  // the checkphrases differ
	VerdictVersion   Verdict = 2  // the Version of the Welcome is the one that the receiver speaks
	VerdictBusy      Verdict = 3  // another stream is running
	VerdictUnknown   Verdict = 4  // FlagResume for a stream that the receiver does not know
	VerdictMalformed Verdict = 5  // the Hello made no sense
	VerdictMeasures  Verdict = 6  // no receiver of streams, but the receiving end of a measurement
	VerdictRole      Verdict = 7  // both ends send, or both receive
	VerdictKey       Verdict = 8  // the ends do not have the same key
	VerdictTurn      Verdict = 9  // all places are taken: ask again, until it is this peer's turn
	VerdictChain     Verdict = 10 // the ends do not have the same sidechain
	VerdictEnds      Verdict = 11 // what the stream is to come from, or to go to, cannot be made now: ask again
)

// String says what the verdict means, in words for the user.
func (v Verdict) String() string {
	switch v {
	case VerdictOK:
		return "ok"
	case VerdictPhrase:
		return "wrong checkphrase"
	case VerdictVersion:
		return "other wire version"
	case VerdictBusy:
		return "busy with another stream"
	case VerdictUnknown:
		return "unknown stream"
	case VerdictMalformed:
		return "not a viamillipede"
	case VerdictMeasures:
		return "it measures (bench rx or lanes rx) and takes no stream: send to it with bench tx or lanes tx, or start rx there"
	case VerdictRole:
		return "both ends send, or both receive"
	case VerdictKey:
		return "both ends need the same key, or none"
	case VerdictTurn:
		return "all its places are taken, and others may be before us"
	case VerdictChain:
		return "the ends have different sidechains"
	case VerdictEnds:
		return "what the stream is for cannot be opened or started there"
	}
	return fmt.Sprintf("verdict %d", uint16(v))
}

// Welcome answers a Hello, from receiver to sender; as a refusal it also answers a Call, or what came to the wrong end. After a refusal
// the link is closed.
//
//	 0 magic F7 "VMP"     4 version u16    6 verdict u16   8 features u32   12 max leg u32
//	16 stream id [16]
//	32 credit u32        36 chain u32                     40 delivered u64
//	48 receiver u64                               56 zero [4]              60 crc32c of 0..59
type Welcome struct {
	Version   uint16 // Append takes 0 for Version
	Verdict   Verdict
	Features  uint32 // granted: those of the Hello that both ends know
	MaxLeg    uint32 // bytes of the largest leg that will be taken, 1 to MaxLeg; may be 0 in a refusal
	Stream    StreamID
	Credit    uint32 // legs that may be sent beyond Delivered
	Delivered uint64 // count of legs delivered
	Receiver  uint64 // random: identifies the process, so that two receivers are not taken for one
	Chain     uint32 // with VerdictChain: the receiver's own chain, as in a Hello; else 0
}

// Append appends the WelcomeLen bytes of w to dst.
func (w Welcome) Append(dst []byte) []byte {
	at := len(dst)
	dst = appendPrologue(dst, welcomeMagic, w.Version)
	dst = le.AppendUint16(dst, uint16(w.Verdict))
	dst = le.AppendUint32(dst, w.Features)
	dst = le.AppendUint32(dst, w.MaxLeg)
	dst = append(dst, w.Stream[:]...)
	dst = le.AppendUint32(dst, w.Credit)
	dst = le.AppendUint32(dst, w.Chain)
	dst = le.AppendUint64(dst, w.Delivered)
	dst = le.AppendUint64(dst, w.Receiver)
	dst = le.AppendUint32(dst, 0)
	return seal(dst, at)
}

// ParseWelcome decodes the first WelcomeLen bytes of b. It may be called with as much as has arrived so far.
//
//	Welcome, nil                      the welcome; ask its Verdict
//	Welcome{}, ErrShort               good as far as it goes, more bytes are needed
//	Welcome{}, ErrMagic               not a viamillipede; known from the first wrong byte on
//	Welcome{Version: v}, ErrVersion   the peer speaks version v; known from 6 bytes on, whatever follows
//	Welcome{}, ErrHeader              bytes changed on the way
//	Welcome{}, ErrReserved            reserved bytes in use
//	Welcome{}, ErrLength              MaxLeg is out of range
//	Welcome{}, ErrCount               Delivered is out of range
func ParseWelcome(b []byte) (Welcome, error) {
	version, err := parsePrologue(b, welcomeMagic)
	if err != nil {
		return Welcome{Version: version}, fmt.Errorf("parse welcome: %w", err)
	}
	if len(b) < WelcomeLen {
		return Welcome{}, fmt.Errorf("parse welcome: %w: %d of %d bytes", ErrShort, len(b), WelcomeLen)
	}
	b = b[:WelcomeLen]
	w := Welcome{
		Version:   version,
		Verdict:   Verdict(le.Uint16(b[6:])),
		Features:  le.Uint32(b[8:]),
		MaxLeg:    le.Uint32(b[12:]),
		Stream:    StreamID(b[16:]),
		Credit:    le.Uint32(b[32:]),
		Delivered: le.Uint64(b[40:]),
		Receiver:  le.Uint64(b[48:]),
		Chain:     le.Uint32(b[36:]),
	}
	switch {
	case !sealed(b):
		return Welcome{}, fmt.Errorf("parse welcome: %w", ErrHeader)
	case w.Chain != 0 && w.Verdict != VerdictChain || !zeros(b[56:60]):
		return Welcome{}, fmt.Errorf("parse welcome: %w", ErrReserved)
	case w.MaxLeg > MaxLeg || w.MaxLeg == 0 && w.Verdict == VerdictOK:
		return Welcome{}, fmt.Errorf("parse welcome: %w: legs of %d bytes", ErrLength, w.MaxLeg)
	case w.Delivered > maxCount:
		return Welcome{}, fmt.Errorf("parse welcome: %w: %d legs delivered", ErrCount, w.Delivered)
	}
	return w, nil
}

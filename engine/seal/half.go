package seal

import (
	"crypto/cipher"
	"encoding/binary"
	"errors"
)

// Sizes of a record (RFC 8446, 5.1 and 5.2), in bytes.
//
//	0 type u8   1 version 0303   3 length u16   5 sealed: content, type u8, maybe zeros; then the tag
//
// All integers are big-endian. The type outside is that of application data, whatever is inside.
const (
	MostContent = 1 << 14         // content of a record
	Overhead    = recordHead + 17 // what a record adds to its content: header, type and tag
	MostRecord  = recordHead + 1<<14 + 256

	recordHead = 5
	tagOfAEAD  = 16
	ivLen      = 12
)

// Type is what a record holds.
type Type byte

// The types.
const (
	Alert     Type = 21
	Handshake Type = 22
	Data      Type = 23

	recordHandshake = byte(Handshake)
	recordData      = byte(Data)
)

// Why a record is not opened. After any of them nothing more can be read from the link.
var (
	ErrForged = errors.New("a record was changed, or is out of place")
	ErrRecord = errors.New("not a record")
	ErrAlert  = errors.New("the peer gives up the link with an alert")
)

// updateAt is how many records are sealed under one key. AES-GCM allows 2^24.5 full ones (RFC 8446, 5.5).
const updateAt = 1 << 24

// Half is one direction of a link: records in the order of a sequence, which never goes back, so that no nonce is used twice. It belongs
// to one goroutine at a time. Of its secrets nothing is printed.
type Half struct {
	suite  suite
	secret []byte
	aead   cipher.AEAD
	iv     [ivLen]byte
	nonce  [ivLen]byte
	seq    uint64
	most   uint64 // records under one key
	trial  *Trial // nil: no test looks on
}

func newHalf(s suite, secret []byte) (*Half, error) {
	h := &Half{suite: s, most: updateAt}
	return h, h.rekey(append([]byte(nil), secret...))
}

// String keeps secrets out of what is printed.
func (*Half) String() string { return "half of a sealed link" }

// GoString is String, for %#v.
func (*Half) GoString() string { return "half of a sealed link" }

// rekey goes on under a secret, which belongs to h from then on, from sequence 0.
func (h *Half) rekey(secret []byte) (err error) {
	h.aead, h.iv, err = h.suite.sealer(secret)
	clear(h.secret)
	h.secret, h.seq = secret, 0
	return err
}

// Worn reports whether so many records were sealed that Update must come before the next.
func (h *Half) Worn() bool { return h.seq >= h.most-1 }

// Limit makes Worn true after so many records, 2 to 2^24, under each key. It is for tests, which cannot seal that many.
func (h *Half) Limit(records uint64) { h.most = min(records, updateAt) }

// Update goes on under the next secret (RFC 8446, 7.2). The peer does so after the record that Rekeying has sealed.
func (h *Half) Update() error {
	return h.rekey(h.suite.expand(h.secret, "traffic upd", len(h.secret)))
}

// Wipe clears the secrets. Nothing can be sealed or opened afterwards.
func (h *Half) Wipe() {
	clear(h.secret)
	clear(h.iv[:])
	clear(h.nonce[:])
	h.secret, h.aead = nil, nil
}

// next is the nonce of the next record; it is valid until the next call.
func (h *Half) next() []byte {
	h.nonce = h.iv
	low := h.nonce[ivLen-8:]
	binary.BigEndian.PutUint64(low, binary.BigEndian.Uint64(low)^h.seq)
	h.seq++
	return h.nonce[:]
}

// Seal writes a record with a, then b, together at most MostContent bytes, to dst, which has room for Overhead more; it returns the
// bytes of dst that the record takes. dst must not overlap a or b. Nothing is allocated.
func (h *Half) Seal(dst []byte, t Type, a, b []byte) int {
	n := len(a) + len(b)
	dst = dst[:n+Overhead]
	dst[0], dst[1], dst[2] = recordData, 3, 3
	binary.BigEndian.PutUint16(dst[3:], uint16(n+1+tagOfAEAD))
	inner := dst[recordHead : recordHead+n+1]
	copy(inner[copy(inner, a):], b)
	inner[n] = byte(t)
	nonce := h.next()
	h.trial.sees(h, nonce)
	h.aead.Seal(inner[:0], nonce, inner, dst[:recordHead])
	return len(dst)
}

// Length is how long the record is that b begins with, as soon as its header is there; 0: it is not. ErrRecord: b begins with no record.
func Length(b []byte) (int, error) { return length(b, recordData) }

func length(b []byte, outside byte) (int, error) {
	if len(b) < recordHead {
		return 0, nil
	}
	n := recordHead + int(binary.BigEndian.Uint16(b[3:]))
	if b[0] != outside || b[1] != 3 || b[2] != 3 || n > MostRecord || n <= recordHead || outside == recordData && n < Overhead {
		return 0, ErrRecord
	}
	return n, nil
}

// Room is how many bytes Open needs for the content of a record of that length: its content, the type and what pads it.
func Room(record int) int { return record - recordHead - tagOfAEAD }

// Open writes what is in a whole record to dst, which has Room for it, and returns the type and how many bytes of content there are.
// dst is another piece of memory than record or begins where its sealed part does (InPlace). Bytes of dst beyond the content may
// change. ErrForged: the record is not the next one of the sequence, as it was sealed. Nothing is allocated.
func (h *Half) Open(dst, record []byte) (t Type, n int, err error) {
	if h.aead == nil {
		return 0, 0, ErrForged
	}
	inner, err := h.aead.Open(dst[:0], h.next(), record[recordHead:], record[:recordHead])
	if err != nil {
		h.Wipe() // a sequence with a gap is never opened again
		return 0, 0, ErrForged
	}
	for n = len(inner) - 1; n >= 0; n-- {
		if inner[n] != 0 {
			return Type(inner[n]), n, nil
		}
	}
	h.Wipe()
	return 0, 0, ErrRecord
}

// InPlace is where in a record Open may put its content.
func InPlace(record []byte) []byte { return record[recordHead:] }

// keyUpdate is the message that the sender of records goes on under the next secret (RFC 8446, 4.6.3). The last byte says whether the
// peer has to do the same.
var keyUpdate = [5]byte{24, 0, 0, 1, 0}

// Rekey seals a record that tells the peer that the next one is under the next secret, and goes on under it; it returns the bytes of
// dst that the record takes.
func (h *Half) Rekey(dst []byte) (int, error) {
	n := h.Seal(dst, Handshake, keyUpdate[:], nil)
	return n, h.Update()
}

// Obey does what a record that is no data says. closed: the peer has ended its side (close_notify). wants: the peer wants our side to go
// on under the next secret, too. An error is why the link must end.
func (h *Half) Obey(t Type, content []byte) (closed, wants bool, err error) {
	switch {
	case t == Alert && len(content) == 2 && content[1] == 0:
		return true, false, nil
	case t == Alert:
		return false, false, ErrAlert
	case t == Handshake && len(content) == len(keyUpdate) && [4]byte(content) == [4]byte(keyUpdate[:]) && content[4] <= 1:
		return false, content[4] == 1, h.Update()
	}
	return false, false, ErrRecord
}

// closeNotify is the alert that ends a side (RFC 8446, 6.1).
var closeNotify = [2]byte{1, 0}

// SealEnd seals the record after which nothing comes.
func (h *Half) SealEnd(dst []byte) int { return h.Seal(dst, Alert, closeNotify[:], nil) }

// MostExtra is more than Rekey and SealEnd write together, in bytes.
const MostExtra = 2 * (Overhead + len(keyUpdate))

package seal

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"io"
	"sync"
)

// A handshake costs the end that listens about a millisecond of CPU time, so it must not begin one for whoever connects. The first
// flight of the end that dials therefore begins with a tag, which only somebody with the key can make, and which costs a microsecond
// to check. The tag keeps strangers away; it proves nothing to TLS, which does not trust it.
//
//	 0 magic F9 "VMP"     4 version u16    6 zero u16     8 zero [8]      16 tag [16]
//	32 a record of TLS with the ClientHello
//
// tag: the first 16 bytes of HMAC-SHA256 over bytes 0 to 15 and the record, under the key's derivation "gate".
const (
	gateMagic = "\xf9VMP"
	gateLen   = 32
	tagLen    = 16
	tagAt     = gateLen - tagLen

	gateVersion = 2
)

// helloMost bounds the record with a ClientHello, in bytes. That of crypto/tls with a key of ML-KEM has 1,500.
const helloMost = 4096

// openGate puts the gate before a record.
func (k *Key) openGate(record []byte) []byte {
	b := append(make([]byte, 0, gateLen+len(record)), gateMagic...)
	b = binary.LittleEndian.AppendUint16(b, gateVersion)
	b = append(b, make([]byte, gateLen-len(b))...)
	copy(b[tagAt:], k.tag(b[:tagAt], record))
	return append(b, record...)
}

func (k *Key) tag(head, record []byte) []byte {
	m := hmac.New(sha256.New, k.gate[:])
	m.Write(head)
	m.Write(record)
	return m.Sum(nil)[:tagLen]
}

// passGate reads a first flight and returns the ClientHello's record. ErrStranger: it was not made with the key, or was seen before. Any other error is that of r.
func (k *Key) passGate(r io.Reader) ([]byte, error) {
	var head [gateLen]byte
	if err := readAs(r, head[:], gateMagic); err != nil {
		return nil, err
	}
	record, err := readRecord(r, make([]byte, recordHead, recordHead+helloMost), recordHandshake)
	if err != nil {
		return nil, err
	}
	fixed := binary.LittleEndian.Uint16(head[4:]) == gateVersion && [10]byte(head[6:tagAt]) == [10]byte{}
	if !fixed || !hmac.Equal(head[tagAt:], k.tag(head[:tagAt], record)) || k.seen.again([tagLen]byte(head[tagAt:])) {
		return nil, ErrStranger
	}
	return record, nil
}

// readAs fills b from r, but gives up at the first byte that is not that of the magic: ErrStranger.
func readAs(r io.Reader, b []byte, magic string) error {
	for n := 0; n < len(b); {
		m, err := r.Read(b[n:])
		n += m
		if at := min(n, len(magic)); string(b[:at]) != magic[:at] {
			return &firstBytes{b[:n]}
		}
		if err != nil && n < len(b) {
			return err
		}
	}
	return nil
}

// firstBytes is ErrStranger for a connection that began like something else.
type firstBytes struct{ b []byte }

func (*firstBytes) Error() string        { return ErrStranger.Error() }
func (*firstBytes) Is(target error) bool { return target == ErrStranger }

// replays are the tags that were seen lately. Whoever has recorded a first flight cannot have it answered again and again; a
// handshake with it would come to nothing anyway. The zero replays have seen none.
type replays struct {
	mu   sync.Mutex
	tags map[[tagLen]byte]struct{} // guarded by mu, as is all below
	ring [replaysMost][tagLen]byte // the same, in the order in which they came
	next int
}

// replaysMost is how many tags are remembered: more links than a stream dials in a long time.
const replaysMost = 1024

// again reports whether a tag was seen before, and remembers it.
func (r *replays) again(tag [tagLen]byte) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.tags == nil {
		r.tags = make(map[[tagLen]byte]struct{}, replaysMost)
	}
	if _, seen := r.tags[tag]; seen {
		return true
	}
	delete(r.tags, r.ring[r.next])
	r.tags[tag], r.ring[r.next] = struct{}{}, tag
	r.next = (r.next + 1) % replaysMost
	return false
}

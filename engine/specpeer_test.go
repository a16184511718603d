package engine_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// A peer written from engine/wire/SPEC.md alone: this file uses nothing of the program, and says in which part of the page each
// thing stands. What it needs and the page does not say is a fault of the page.

// "Frames", types.
const (
	specLeg   = 1
	specAck   = 2
	specBeat  = 3
	specEnd   = 4
	specDone  = 5
	specBye   = 6
	specError = 7

	specHole    = 8
	specKeep    = 9
	specAsk     = 10
	specDigests = 11
	specName    = 12
	specCoded   = 13
	specSize    = 14
	specExit    = 15
)

var specTable = crc32.MakeTable(crc32.Castagnoli)

func specSum(b []byte) uint32 { return crc32.Checksum(b, specTable) }

// specHello is "Opening a link", left column.
type specHello struct {
	version, flags         uint16
	features               uint32
	phrase                 [4]byte
	stream                 [16]byte
	link, generation, most uint32
	links                  uint32
	size                   uint64
	chain                  uint32
}

func (h specHello) bytes() []byte {
	b := []byte("\xf6VMP")
	b = binary.LittleEndian.AppendUint16(b, h.version)
	b = binary.LittleEndian.AppendUint16(b, h.flags)
	b = binary.LittleEndian.AppendUint32(b, h.features)
	b = append(append(b, h.phrase[:]...), h.stream[:]...)
	for _, v := range []uint32{h.link, h.generation, h.most, h.links} {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	b = binary.LittleEndian.AppendUint64(b, h.size)
	b = binary.LittleEndian.AppendUint32(b, h.chain)
	return binary.LittleEndian.AppendUint32(b, specSum(b))
}

var errSpec = errors.New("not as the page has it")

func specParseHello(b []byte) (h specHello, err error) {
	le := binary.LittleEndian
	if string(b[:4]) != "\xf6VMP" || le.Uint32(b[60:]) != specSum(b[:60]) || le.Uint32(b[56:]) != 0 && le.Uint32(b[8:])&16 == 0 {
		return h, errSpec
	}
	return specHello{
		version: le.Uint16(b[4:]), flags: le.Uint16(b[6:]), features: le.Uint32(b[8:]), phrase: [4]byte(b[12:]),
		stream: [16]byte(b[16:]), link: le.Uint32(b[32:]), generation: le.Uint32(b[36:]), most: le.Uint32(b[40:]),
		links: le.Uint32(b[44:]), size: le.Uint64(b[48:]), chain: le.Uint32(b[56:]),
	}, nil
}

// specCall is "When rx dials".
type specCall struct {
	version, flags              uint16
	path, paths, index, planned byte
	phrase                      [4]byte
	stream                      [16]byte
	spill, generation           uint32
	rate, receiver              uint64
}

func (c specCall) bytes() []byte {
	b := []byte("\xf8VMP")
	b = binary.LittleEndian.AppendUint16(b, c.version)
	b = binary.LittleEndian.AppendUint16(b, c.flags)
	b = append(b, c.path, c.paths, c.index, c.planned)
	b = append(append(b, c.phrase[:]...), c.stream[:]...)
	b = binary.LittleEndian.AppendUint32(b, c.spill)
	b = binary.LittleEndian.AppendUint32(b, c.generation)
	b = binary.LittleEndian.AppendUint64(b, c.rate)
	b = binary.LittleEndian.AppendUint64(b, c.receiver)
	b = binary.LittleEndian.AppendUint32(b, 0)
	return binary.LittleEndian.AppendUint32(b, specSum(b))
}

func specParseCall(b []byte) (c specCall, err error) {
	le := binary.LittleEndian
	if string(b[:4]) != "\xf8VMP" || le.Uint32(b[60:]) != specSum(b[:60]) || le.Uint32(b[56:]) != 0 {
		return c, errSpec
	}
	return specCall{
		version: le.Uint16(b[4:]), flags: le.Uint16(b[6:]), path: b[8], paths: b[9], index: b[10], planned: b[11],
		phrase: [4]byte(b[12:]), stream: [16]byte(b[16:]), spill: le.Uint32(b[32:]), generation: le.Uint32(b[36:]),
		rate: le.Uint64(b[40:]), receiver: le.Uint64(b[48:]),
	}, nil
}

// specWelcome is the right column.
type specWelcome struct {
	version, verdict uint16
	features, most   uint32
	stream           [16]byte
	credit           uint32
	chain            uint32
	delivered        uint64
	receiver         uint64
}

func (w specWelcome) bytes() []byte {
	b := []byte("\xf7VMP")
	b = binary.LittleEndian.AppendUint16(b, w.version)
	b = binary.LittleEndian.AppendUint16(b, w.verdict)
	b = binary.LittleEndian.AppendUint32(b, w.features)
	b = binary.LittleEndian.AppendUint32(b, w.most)
	b = append(b, w.stream[:]...)
	b = binary.LittleEndian.AppendUint32(b, w.credit)
	b = binary.LittleEndian.AppendUint32(b, w.chain)
	b = binary.LittleEndian.AppendUint64(b, w.delivered)
	b = binary.LittleEndian.AppendUint64(b, w.receiver)
	b = binary.LittleEndian.AppendUint32(b, 0)
	return binary.LittleEndian.AppendUint32(b, specSum(b))
}

func specParseWelcome(b []byte) (w specWelcome, err error) {
	le := binary.LittleEndian
	if string(b[:4]) != "\xf7VMP" || le.Uint32(b[60:]) != specSum(b[:60]) || le.Uint32(b[56:]) != 0 || le.Uint32(b[36:]) != 0 && le.Uint16(b[6:]) != 10 {
		return w, errSpec
	}
	return specWelcome{
		version: le.Uint16(b[4:]), verdict: le.Uint16(b[6:]), features: le.Uint32(b[8:]), most: le.Uint32(b[12:]),
		stream: [16]byte(b[16:]), credit: le.Uint32(b[32:]), chain: le.Uint32(b[36:]), delivered: le.Uint64(b[40:]), receiver: le.Uint64(b[48:]),
	}, nil
}

// specFrame is "Frames".
type specFrame struct {
	kind, flags byte
	a, b        uint64
	c           uint32
	payload     []byte
}

func (f specFrame) bytes() []byte {
	b := []byte{f.kind, f.flags, 0, 0}
	b = binary.LittleEndian.AppendUint32(b, uint32(len(f.payload)))
	b = binary.LittleEndian.AppendUint64(b, f.a)
	b = binary.LittleEndian.AppendUint64(b, f.b)
	b = binary.LittleEndian.AppendUint32(b, f.c)
	b = binary.LittleEndian.AppendUint32(b, specSum(b))
	return append(b, f.payload...)
}

// specRead reads one frame. "C is the crc of the payload wherever it is used": of LEG only with bit 0.
func specRead(r io.Reader) (f specFrame, err error) {
	var h [32]byte
	if _, err := io.ReadFull(r, h[:]); err != nil {
		return f, err
	}
	le := binary.LittleEndian
	if le.Uint32(h[28:]) != specSum(h[:28]) || h[2] != 0 || h[3] != 0 {
		return f, fmt.Errorf("%w: header % x", errSpec, h)
	}
	f = specFrame{kind: h[0], flags: h[1], a: le.Uint64(h[8:]), b: le.Uint64(h[16:]), c: le.Uint32(h[24:])}
	n, most := le.Uint32(h[4:]), map[byte]uint32{
		specLeg: 4 << 20, specAck: 512, specError: 256, specAsk: 16, specDigests: 512, specName: 64, specCoded: 4 << 20,
	}[f.kind]
	unit := map[byte]uint32{specAck: 8, specAsk: 16, specDigests: 16}[f.kind]
	if f.kind < specLeg || f.kind > specExit || n > most || unit > 0 && n%unit != 0 || n == 0 && (f.kind == specAsk || f.kind == specName) || n < 5 && f.kind == specCoded {
		return f, fmt.Errorf("%w: type %d with %d bytes", errSpec, f.kind, n)
	}
	f.payload = make([]byte, n)
	if _, err := io.ReadFull(r, f.payload); err != nil {
		return f, err
	}
	var good bool
	switch f.kind {
	case specHole, specKeep: // C is how long the leg is
		good = f.c > 0
	case specCoded:
		good = f.c > 0 && f.c <= 4<<20 && f.flags&1 == 0 && f.flags>>2 != 0
	case specSize: // C is a version
		good = true
	case specAck, specError, specAsk, specDigests, specName:
		good = f.c == specSum(f.payload)
	case specLeg:
		good = f.flags&1 == 0 && f.c == 0 || f.flags&1 != 0 && f.c == specSum(f.payload)
	default:
		good = f.c == 0
	}
	if !good {
		return f, fmt.Errorf("%w: C of type %d, %#x, flags %#x", errSpec, f.kind, f.c, f.flags)
	}
	return f, nil
}

func specLegFrame(n, offset int, b []byte, checked, resent bool) []byte {
	f := specFrame{kind: specLeg, a: uint64(n), b: uint64(offset), payload: b}
	if checked {
		f.flags, f.c = 1, specSum(b)
	}
	if resent {
		f.flags |= 2
	}
	return f.bytes()
}

// specCodedFrame is "CODED", of a sidechain of one step, which is gzip.
func specCodedFrame(n, offset int, b []byte, resent bool) []byte {
	var member bytes.Buffer
	z := gzip.NewWriter(&member)
	z.Write(b)
	z.Close()
	f := specFrame{kind: specCoded, flags: 1 << 2, a: uint64(n), b: uint64(offset), c: uint32(len(b))}
	if resent {
		f.flags |= 2
	}
	f.payload = append(binary.LittleEndian.AppendUint32(nil, specSum(b)), member.Bytes()...)
	return f.bytes()
}

// specAckFrame says that every leg below n is received and delivered, and those of beyond too. "Bit i of the payload says that
// leg A+1+i is received ... the last word is not zero."
func specAckFrame(n uint64, beyond []uint64) []byte {
	var words []uint64
	for _, leg := range beyond {
		i := leg - n - 1
		for uint64(len(words)) <= i/64 {
			words = append(words, 0)
		}
		words[i/64] |= 1 << (i % 64)
	}
	f := specFrame{kind: specAck, a: n, b: n}
	for _, w := range words {
		f.payload = binary.LittleEndian.AppendUint64(f.payload, w)
	}
	f.c = specSum(f.payload)
	return f.bytes()
}

// specDial opens a link, sealed if there is a key, and returns the welcome.
func specDial(port uint16, h specHello, key string) (net.Conn, specWelcome, error) {
	c, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", port), soon)
	if err != nil {
		return nil, specWelcome{}, err
	}
	c.SetDeadline(time.Now().Add(soon))
	if key != "" {
		s, err := specSeal(c, key)
		if err != nil {
			c.Close()
			return nil, specWelcome{}, err
		}
		c = s
	}
	b := make([]byte, 64)
	if _, err = c.Write(h.bytes()); err == nil {
		_, err = io.ReadFull(c, b)
	}
	w, bad := specParseWelcome(b)
	if err = errors.Join(err, bad); err == nil && (w.verdict != 0 || w.version != 2 || w.stream != h.stream) {
		err = fmt.Errorf("%w: %+v", errSpec, w)
	}
	if err != nil {
		c.Close()
	}
	return c, w, err
}

// specGolden reads "Golden files".
func specGolden(name string) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join("wire", "testdata", name))
	if err != nil {
		return nil, err
	}
	_, body, _ := bytes.Cut(text, []byte("\n"))
	return hex.DecodeString(strings.Join(strings.Fields(string(body)), ""))
}

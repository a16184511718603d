package wire

import (
	"bytes"
	"encoding/hex"
	"testing"
)

// Every fuzz target has the same property: parsing does not panic, and what parses is encoded again to the same bytes.
// A header checksum would stop nearly all inputs at the door, so each input is tried as it is and again with its
// checksums put right.

// fuzzGreeting fuzzes Hello or Welcome: again parses b and encodes the result, or returns an error.
func fuzzGreeting(f *testing.F, seeds []string, again func(b []byte) ([]byte, error)) {
	for _, name := range seeds {
		f.Add(readGolden(f, name))
	}
	for _, b := range strangers() {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		tryGreeting(t, b, again)
		if len(b) >= HelloLen {
			tryGreeting(t, with(b, HelloLen, func([]byte) {}), again)
		}
	})
}

func tryGreeting(t *testing.T, b []byte, again func(b []byte) ([]byte, error)) {
	got, err := again(b)
	if err == nil && !bytes.Equal(got, b[:HelloLen]) {
		t.Errorf("% x\nparsed, and was encoded again as\n% x", b[:HelloLen], got)
	}
}

// fuzzFrame fuzzes frames of one type: again decodes header and payload and encodes the result. A nil result is one
// that has no encoding of its own.
func fuzzFrame(f *testing.F, typ Type, seeds []string, again func(t *testing.T, h Header, payload []byte) []byte) {
	for _, name := range seeds {
		f.Add(readGolden(f, name))
	}
	f.Add(Header{Type: typ}.append(nil))
	f.Add(Header{Type: typ, Flags: 0xff, Length: MaxLeg, A: 1<<64 - 1, B: 1<<64 - 1, C: 1<<32 - 1}.append(nil))
	for _, b := range strangers() {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		tryFrame(t, b, typ, again)
		if len(b) < HeaderLen {
			return
		}
		b = with(b, HeaderLen, func(b []byte) { b[0] = byte(typ) })
		tryFrame(t, b, typ, again)
		payload := b[HeaderLen:]
		tryFrame(t, with(b, HeaderLen, func(b []byte) {
			le.PutUint32(b[4:], uint32(len(payload)))
			le.PutUint32(b[24:], Checksum(payload))
		}), typ, again)
	})
}

func tryFrame(t *testing.T, b []byte, typ Type, again func(t *testing.T, h Header, payload []byte) []byte) {
	h, err := ParseHeader(b)
	if err != nil {
		return
	}
	if got := h.append(nil); !bytes.Equal(got, b[:HeaderLen]) {
		t.Errorf("header % x\nencoded again as % x", b[:HeaderLen], got)
	}
	if h.Type != typ {
		return
	}
	payload := b[HeaderLen:]
	payload = payload[:min(uint64(len(payload)), uint64(h.Length))]
	if got := again(t, h, payload); !bytes.HasPrefix(b, got) {
		t.Errorf("frame % x\nencoded again as % x", b, got)
	}
}

// strangers are what else arrives at an open port.
func strangers() [][]byte {
	return [][]byte{
		nil,
		{0xf6},
		[]byte("beef"),
		[]byte("GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: scanner of everything/1.0\r\n\r\n"),
		[]byte("SSH-2.0-OpenSSH_9.9\r\n"),
		append([]byte("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), make([]byte, 64)...),
		make([]byte, HelloLen),
		bytes.Repeat([]byte{0xff}, HelloLen),
		[]byte(hex.EncodeToString(make([]byte, HelloLen))),
	}
}

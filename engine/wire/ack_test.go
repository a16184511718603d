package wire

import (
	"errors"
	"io"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// testAck has legs 0 to 99 received, 100 missing, 101, 103 and 165 received.
func testAck() Ack { return Ack{Received: 100, Delivered: 90, Bitmap: []uint64{1 | 1<<2, 1}} }

func TestAckGolden(t *testing.T) {
	checkGolden(t, "ack", "ACK received 100, delivered 90; legs 101, 103 and 165 received beyond", testAck().Append(nil))
	checkGolden(t, "ack-plain", "ACK received 5, delivered 5, no bitmap", Ack{Received: 5, Delivered: 5}.Append(nil))
}

func TestAckRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := Ack{Received: drawCount(t, "received")}
		want.Delivered = rapid.Uint64Range(0, want.Received).Draw(t, "delivered")
		want.Bitmap = rapid.SliceOfN(rapid.Uint64(), 0, maxWords).Draw(t, "bitmap")
		held := before(t)
		h, payload := mustParse(t, behind(t, held, want.Append(held)))
		words := make([]uint64, rapid.IntRange(0, maxWords).Draw(t, "stale"), maxWords)
		for i := range words {
			words[i] = math.MaxUint64
		}
		got, err := h.Ack(payload, words)
		if err != nil || h.Type != TypeAck {
			t.Fatalf("%+v: %v", h, err)
		}
		if got.Received != want.Received || got.Delivered != want.Delivered ||
			!slices.Equal(got.Bitmap, trim(want.Bitmap)) {
			t.Fatalf("got %+v, want %+v", got, want)
		}
	})
}

// Has against the plain definition: a set of numbers.
func TestAckHas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := Ack{Received: drawCount(t, "received"), Bitmap: make([]uint64, maxWords)}
		const most = maxWords * wordBits
		beyond := map[uint64]bool{}
		for _, i := range rapid.SliceOfN(rapid.Uint64Range(0, most-1), 0, 50).Draw(t, "bits") {
			a.Bitmap[i/wordBits] |= 1 << (i % wordBits)
			beyond[a.Received+1+i] = true
		}
		h, payload := mustParse(t, a.Append(nil))
		a, err := h.Ack(payload, make([]uint64, maxWords))
		if err != nil {
			t.Fatal(err)
		}
		for i := range uint64(most + 100) {
			if n := a.Received + i; a.Has(n) != beyond[n] {
				t.Fatalf("leg %d, %d beyond: Has is %v", n, i, a.Has(n))
			}
		}
		if a.Received > 0 && !(a.Has(0) && a.Has(a.Received-1)) {
			t.Fatal("a leg below received is not received")
		}
		if a.Has(math.MaxUint64) {
			t.Fatal("the last number there is wraps into the bitmap")
		}
	})
}

func TestAckHasAtWordEdges(t *testing.T) {
	//	received 10 | bitmap 11..74 | 75..138
	a := Ack{Received: 10, Bitmap: []uint64{1 << 63, 1}}
	for n, want := range map[uint64]bool{
		0: true, 9: true, 10: false, 11: false, 73: false, 74: true, 75: true, 76: false, 138: false, 139: false,
	} {
		if a.Has(n) != want {
			t.Errorf("Has(%d) = %v", n, !want)
		}
	}
}

func TestAckLeavesOff(t *testing.T) {
	long := make([]uint64, maxWords+3)
	long[0], long[maxWords] = 1, 1
	for _, c := range []struct {
		name   string
		bitmap []uint64
		want   int
	}{
		{"all zero", make([]uint64, 5), 0},
		{"zeros at the end", []uint64{0, 1, 0, 0}, 2},
		{"beyond the most, zeros before", long, 1},
		{"the most", slices.Repeat([]uint64{1}, maxWords), maxWords},
		{"above the most", slices.Repeat([]uint64{1}, maxWords+1), maxWords},
	} {
		b := Ack{Bitmap: c.bitmap}.Append(nil)
		if got := (len(b) - HeaderLen) / wordLen; got != c.want {
			t.Errorf("%s: %d words, want %d", c.name, got, c.want)
		}
		mustParse(t, b)
	}
}

func TestAckRefused(t *testing.T) {
	checkBroken(t, testAck().Append(nil), []broken{
		{"flag", set(1, 1), ErrReserved},
		{"part of a word", set32(4, 12), ErrLength},
		{"bitmap too long", set32(4, MaxBitmap+8), ErrLength},
		{"checksum of nothing", set32(4, 0), ErrReserved},
		{"delivered beyond received", set64(16, 101), ErrCount},
		{"received above the limit", set64(8, 1<<63), ErrCount},
	})
}

func TestAckPayloadRefused(t *testing.T) {
	h, payload := mustParse(t, testAck().Append(nil))
	room := make([]uint64, maxWords)
	zero := make([]byte, 8)
	flipped := slices.Clone(payload)
	flipped[3] ^= 1
	for _, c := range []struct {
		name    string
		header  Header
		payload []byte
		words   []uint64
		want    error
	}{
		{"cut", h, payload[:8], room, ErrShort},
		{"too much", h, append(slices.Clone(payload), zero...), room, ErrShort},
		{"no room", h, payload, room[:0:1], io.ErrShortBuffer},
		{"nil room", h, payload, nil, io.ErrShortBuffer},
		{"flipped", h, flipped, room, ErrPayload},
		{"zero word", Header{Type: TypeAck, Length: 8, C: Checksum(zero)}, zero, room, ErrBitmap},
	} {
		if a, err := c.header.Ack(c.payload, c.words); !errors.Is(err, c.want) || a.Bitmap != nil {
			t.Errorf("%s: got %+v, %v; want %v", c.name, a, err, c.want)
		}
	}
}

// The bitmap lies in the memory that the caller lends.
func TestAckBorrowsWords(t *testing.T) {
	h, payload := mustParse(t, testAck().Append(nil))
	words := make([]uint64, 0, maxWords)
	a, err := h.Ack(payload, words)
	if err != nil || &a.Bitmap[0] != &words[:1][0] {
		t.Errorf("bitmap is elsewhere; %v", err)
	}
}

func FuzzAck(f *testing.F) {
	words := make([]uint64, maxWords)
	fuzzFrame(f, TypeAck, []string{"ack", "ack-plain"}, func(_ *testing.T, h Header, payload []byte) []byte {
		a, err := h.Ack(payload, words)
		if err != nil {
			return nil
		}
		a.Has(a.Received + 70)
		return a.Append(nil)
	})
}

func BenchmarkAckAppend(b *testing.B) {
	ack := Ack{Received: 1, Bitmap: slices.Repeat([]uint64{math.MaxUint64}, maxWords)}
	dst := make([]byte, 0, HeaderLen+MaxBitmap)
	b.ReportAllocs()
	for b.Loop() {
		dst = ack.Append(dst[:0])
	}
}

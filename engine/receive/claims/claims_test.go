package claims

import (
	"testing"

	"viamillipede/engine/wire"
)

// BenchmarkClaim is what it costs to remember a leg, for each leg that begins.
func BenchmarkClaim(b *testing.B) {
	const credit = 1000
	c := New(credit)
	l := wire.Leg{Length: 1 << 20}
	for b.Loop() {
		if _, ok := c.Agrees(l); !ok {
			b.Fatal("a leg differs from what was never said")
		}
		l.Number++
		l.Offset += uint64(l.Length)
	}
}

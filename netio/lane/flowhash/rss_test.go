package flowhash

import (
	"encoding/hex"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// suiteKey is the key of Microsoft's verification suite.
const suiteKey = "6d:5a:56:da:25:5b:0e:c2:41:67:25:3d:43:a3:8f:b0:d0:ca:2b:cb:" +
	"ae:7b:30:b4:77:cb:2d:a3:80:30:f2:0c:6a:42:b7:3b:be:ac:01:fa"

func suite(t testing.TB, table ...uint32) RSS {
	key, err := hex.DecodeString(strings.ReplaceAll(suiteKey, ":", ""))
	if err != nil {
		t.Fatal(err)
	}
	return RSS{Function: "toeplitz", Key: key, Table: table}
}

// All vectors of "Verifying the RSS Hash Calculation"
// (https://learn.microsoft.com/windows-hardware/drivers/network/verifying-the-rss-hash-calculation).
func TestToeplitzVerificationSuite(t *testing.T) {
	rss := suite(t)
	for _, v := range []struct {
		dst, src           string
		addresses, andPort uint32
	}{
		{"161.142.100.80:1766", "66.9.149.187:2794", 0x323e8fc2, 0x51ccc178},
		{"65.69.140.83:4739", "199.92.111.2:14230", 0xd718262a, 0xc626b0ea},
		{"12.22.207.184:38024", "24.19.198.95:12898", 0xd2d0a5de, 0x5c2b394a},
		{"209.142.163.6:2217", "38.27.205.30:48228", 0x82989176, 0xafc7327f},
		{"202.188.127.2:1303", "153.39.163.191:44251", 0x5d1809c5, 0x10e828a2},
		{"[3ffe:2501:200:3::1]:1766", "[3ffe:2501:200:1fff::7]:2794", 0x2cc18cd5, 0x40207d3d},
		{"[ff02::1]:4739", "[3ffe:501:8::260:97ff:fe40:efab]:14230", 0x0f0c461c, 0xdde51bbf},
		{"[fe80::200:f8ff:fe21:67cf]:38024", "[3ffe:1900:4545:3:200:f8ff:fe21:67cf]:44251", 0x4b61e985, 0x02d1feef},
	} {
		flow := Flow{Src: netip.MustParseAddrPort(v.src), Dst: netip.MustParseAddrPort(v.dst)}
		src, dst := flow.addresses()
		if got := toeplitz(rss.Key, slices.Concat(src, dst)); got != v.addresses {
			t.Errorf("%s to %s: %#08x without ports, expected %#08x", v.src, v.dst, got, v.addresses)
		}
		if got := rss.Hash(flow); got != v.andPort {
			t.Errorf("%s to %s: %#08x with ports, expected %#08x", v.src, v.dst, got, v.andPort)
		}
	}
}

// The queue is the table's entry at the low bits: 0x51ccc178 ends in 1000.
func TestQueue(t *testing.T) {
	flow := Flow{Src: netip.MustParseAddrPort("66.9.149.187:2794"), Dst: netip.MustParseAddrPort("161.142.100.80:1766")}
	table := make([]uint32, 16)
	table[0b1000] = 5
	rss := suite(t, table...)
	if got, known := rss.Lane(flow); got != 5 || !known {
		t.Errorf("queue %d (known: %t), expected 5", got, known)
	}
}

func TestRSSThatCannotBeTold(t *testing.T) {
	whole := suite(t, 0, 1)
	if err := whole.Check(); err != nil {
		t.Fatal(err)
	}
	for text, change := range map[string]func(*RSS){
		`"xor" is not supported`:           func(r *RSS) { r.Function = "xor" },
		`"symmetric-xor" is not supported`: func(r *RSS) { r.Function = "symmetric-xor" },
		"39 bytes":                         func(r *RSS) { r.Key = r.Key[:39] },
		"without an indirection table":     func(r *RSS) { r.Table = nil },
		"3 entries":                        func(r *RSS) { r.Table = []uint32{0, 1, 2} },
	} {
		rss := whole
		change(&rss)
		if err := rss.Check(); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("error %v, expected one with %q", err, text)
		}
		if _, known := rss.Lane(v4); known {
			t.Errorf("%s: a lane is known", text)
		}
	}
	if _, known := whole.Lane(Flow{}); known {
		t.Error("the lane of nothing is known")
	}
	if _, known := whole.Lane(Flow{Src: v4.Src, Dst: v6.Dst}); known {
		t.Error("the lane from IPv4 to IPv6 is known")
	}
}

// naive is the definition, bit by bit.
func naive(key, input []byte) uint32 {
	bit := func(b []byte, i int) uint32 {
		if i/8 >= len(b) {
			return 0
		}
		return uint32(b[i/8]>>(7-i%8)) & 1
	}
	var h uint32
	for i := range 8 * len(input) {
		if bit(input, i) == 1 {
			var window uint32
			for j := range 32 {
				window = window<<1 | bit(key, i+j)
			}
			h ^= window
		}
	}
	return h
}

func TestToeplitzIsItsDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.SliceOfN(rapid.Byte(), 0, 52).Draw(t, "key")
		input := rapid.SliceOfN(rapid.Byte(), 0, 36).Draw(t, "input")
		if got, want := toeplitz(key, input), naive(key, input); got != want {
			t.Fatalf("%#08x, expected %#08x", got, want)
		}
	})
}

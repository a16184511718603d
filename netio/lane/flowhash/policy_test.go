package flowhash

import (
	"encoding/binary"
	"net/netip"
	"testing"

	"pgregory.net/rapid"
)

// v4 and v6 are the flows of the vectors: what their addresses are as words read by a little-endian host stands beside.
var (
	v4 = Flow{
		Src: netip.MustParseAddrPort("10.0.0.1:40000"), // 0x0100000a, port 0x9c40
		Dst: netip.MustParseAddrPort("10.0.0.2:5000"),  // 0x0200000a, port 0x1388
		// The last bytes of the MAC addresses: 0x01 and 0x5e, together 0x5f.
		SrcMAC: [6]byte{0x52, 0x54, 0x00, 0xaa, 0xbb, 0x01},
		DstMAC: [6]byte{0x52, 0x54, 0x00, 0xcc, 0xdd, 0x5e},
	}
	v6 = Flow{
		Src:    netip.MustParseAddrPort("[2001:db8:1:2:3:4:5:6]:50001"), // port 0xc351
		Dst:    netip.MustParseAddrPort("[2001:db8:a:b:c:d:e:f]:8834"),  // port 0x2282
		SrcMAC: v4.SrcMAC,
		DstMAC: v4.DstMAC,
	}
)

// The lanes of one hash with 2, 3, 4 and 8 members. Division by 2, 4 and 8 looks at the last hexadecimal digit. 16 leaves 1 when
// divided by 3, so the remainder by 3 is that of the sum of all digits.
var members = [4]int{2, 3, 4, 8}

func TestHashByHand(t *testing.T) {
	vectors := []struct {
		name   string
		policy Policy
		kernel Kernel
		flow   Flow
		hash   uint32
		lanes  [4]int
	}{
		// Ports on the wire 9c 40 13 88, as a word 0x8813409c. Addresses 0x0100000a ^ 0x0200000a = 0x03000000.
		// Together 0x8b13409c; ^ 0x8b13 = 0x8b13cb8f; ^ 0x8b13cb = 0x8b98d844; half of it 0x45cc6c22.
		// Digits 4+5+12+12+6+12+2+2 = 55 = 18*3+1.
		{"layer3+4, IPv4", Layer34, Linux518, v4, 0x45cc6c22, [4]int{0, 1, 2, 2}},
		{"encap3+4, forwarded", Encap34, Linux518, v4, 0x45cc6c22, [4]int{0, 1, 2, 2}},
		{"layer3+4 before the shift", Layer34, Linux313, v4, 0x8b98d844, [4]int{0, 2, 0, 4}}, // digits 8+11+9+8+13+8+4+4 = 65
		{"layer3+4 before types were swapped back", Layer34, Linux415, v4, 0x45cc6c22, [4]int{0, 1, 2, 2}},

		// The next even port: 9c 42, the word 0x8813429c; 0x8b13429c; 0x8b13c98f; 0x8b98da46; 0x45cc6d23; digits sum to 57.
		{"layer3+4, port 40002", Layer34, Linux518, v4.from(40002), 0x45cc6d23, [4]int{1, 0, 3, 3}},
		// The odd port between: 9c 41; 0x8b13419c; 0x8b13ca8f; 0x8b98d945; 0x45cc6ca2; digits sum to 63. The lane of 40000 for
		// 2, 4 and 8 members.
		{"layer3+4, port 40001", Layer34, Linux518, v4.from(40001), 0x45cc6ca2, [4]int{0, 0, 2, 2}},

		// IPv6 addresses fold into words: source 20010db8 ^ 00010002 ^ 00030004 ^ 00050006 = 20060db8 on the wire, the word
		// 0xb80d0620; destination 20010db8 ^ 000a000b ^ 000c000d ^ 000e000f = 20090db1, the word 0xb10d0920; together 0x09000f00.
		// Ports c3 51 22 82, the word 0x822251c3. Together 0x8b225ec3; ^ 0x8b22 = 0x8b22d5e1; ^ 0x8b22d5 = 0x8ba9f734; half of it
		// 0x45d4fb9a; digits 4+5+13+4+15+11+9+10 = 71 = 23*3+2.
		{"layer3+4, IPv6", Layer34, Linux518, v6, 0x45d4fb9a, [4]int{0, 2, 2, 2}},

		// 0x01 ^ 0x5e ^ 0x0800 = 0x085f; digits 8+5+15 = 28. The ports and addresses do not count.
		{"layer2, IPv4", Layer2, Linux518, v4, 0x085f, [4]int{1, 1, 3, 7}},
		{"layer2, IPv4, type as Linux 5.14 reads it", Layer2, Linux415, v4, 0x0057, [4]int{1, 0, 3, 7}}, // 0x5f ^ 0x0008; digits sum to 12
		// 0x5f ^ 0x86dd = 0x8682; digits 8+6+8+2 = 24.
		{"layer2, IPv6", Layer2, Linux515, v6, 0x8682, [4]int{0, 0, 2, 2}},
		// 0x5f ^ 0xdd86 = 0xddd9; digits 13+13+13+9 = 48: another lane of 2.
		{"layer2, IPv6, type as Linux 5.14 reads it", Layer2, Linux415, v6, 0xddd9, [4]int{1, 0, 1, 1}},

		// 0x085f ^ 0x03000000 = 0x0300085f; ^ 0x0300 = 0x03000b5f; ^ 0x03000b = 0x03030b54; digits 3+3+11+5+4 = 26.
		{"layer2+3, IPv4", Layer23, Linux518, v4, 0x03030b54, [4]int{0, 2, 0, 4}},
		{"encap2+3, no tunnel", Encap23, Linux518, v4, 0x03030b54, [4]int{0, 2, 0, 4}},
		// The same without its lowest bit: 0x018185aa; digits 1+8+1+8+5+10+10 = 43.
		{"layer2+3, IPv4, Linux 5.15", Layer23, Linux515, v4, 0x018185aa, [4]int{0, 1, 2, 2}},
		// 0x8682 ^ 0x09000f00 = 0x09008982; ^ 0x0900 = 0x09008082; ^ 0x090080 = 0x09098002; digits 9+9+8+2 = 28.
		{"layer2+3, IPv6", Layer23, Linux518, v6, 0x09098002, [4]int{0, 1, 2, 2}},

		// 0x525400 ^ 0xaabb01 = 0xf8ef01; digits 15+8+14+15+0+1 = 53.
		{"vlan+srcmac, no tag", VLANSrcMAC, Linux518, v4, 0xf8ef01, [4]int{1, 2, 1, 1}},
		// Tag 100 = 0x64 with priority 5: 0xa064. 0xf8ef01 ^ 0xa064 = 0xf84f65; digits 15+8+4+15+6+5 = 53.
		{"vlan+srcmac, tag", VLANSrcMAC, Linux518, tagged(v6, 5<<13|100), 0xf84f65, [4]int{1, 2, 1, 5}},
	}
	for _, v := range vectors {
		if got := v.policy.Hash(v.kernel, v.flow); got != v.hash {
			t.Errorf("%s: hash %#x, expected %#x", v.name, got, v.hash)
		}
		for i, n := range members {
			if got := v.policy.Lane(v.kernel, v.flow, n); got != v.lanes[i] {
				t.Errorf("%s: lane %d of %d, expected %d", v.name, got, n, v.lanes[i])
			}
		}
	}
}

func tagged(f Flow, tag int) Flow {
	f.VLAN = tag
	return f
}

// The message of commit 49aefd131739 has an example, with the numbers that its author got: layer2+3 between 192.168.122.30 (word
// 0x1e7aa8c0) and 192.168.122.1, MAC addresses that end in e3 and in a0 or a1, and the type of frame read the old way (0x8).
func TestHashOfTheKernelsOwnExample(t *testing.T) {
	flow := Flow{
		Src:    netip.MustParseAddrPort("192.168.122.30:1"),
		Dst:    netip.MustParseAddrPort("192.168.122.1:1"),
		SrcMAC: [6]byte{5: 0xe3},
	}
	for i, last := range []byte{0xa0, 0xa1} {
		flow.DstMAC[5] = last
		if got, want := Layer23.Hash(Linux313, flow), uint32(522133332+i); got != want {
			t.Errorf("without the shift: %d, expected %d", got, want)
		}
		if got := Layer23.Hash(Linux415, flow); got != 261066666 {
			t.Errorf("with the shift: %d, expected 261066666", got)
		}
	}
}

// Ports that step by 2 from 40000 fill 2 and 4 lanes; three lanes they do not, the third stays empty.
func TestLayer34SteppingByTwo(t *testing.T) {
	series := map[int][]int{
		2: {0, 1, 0, 1, 0, 1, 0, 1},
		3: {1, 0, 1, 0, 1, 0, 1, 0},
		4: {2, 3, 0, 1, 2, 3, 0, 1},
	}
	for slaves, lanes := range series {
		for i, want := range lanes {
			if got := Layer34.Lane(Linux518, v4.from(uint16(40000+2*i)), slaves); got != want {
				t.Errorf("port %d of %d lanes: lane %d, expected %d", 40000+2*i, slaves, got, want)
			}
		}
	}
}

// flows draws flows of both families.
func flows() *rapid.Generator[Flow] {
	return rapid.Custom(func(t *rapid.T) Flow {
		size := rapid.SampledFrom([]int{4, 16}).Draw(t, "size")
		endpoint := func(name string) netip.AddrPort {
			address, _ := netip.AddrFromSlice(rapid.SliceOfN(rapid.Byte(), size, size).Draw(t, name))
			return netip.AddrPortFrom(address, rapid.Uint16().Draw(t, name+" port"))
		}
		f := Flow{Src: endpoint("source"), Dst: endpoint("destination"), VLAN: int(rapid.Uint16().Draw(t, "tag"))}
		copy(f.SrcMAC[:], rapid.SliceOfN(rapid.Byte(), 6, 6).Draw(t, "source MAC"))
		copy(f.DstMAC[:], rapid.SliceOfN(rapid.Byte(), 6, 6).Draw(t, "destination MAC"))
		return f
	})
}

func policies() *rapid.Generator[Policy] {
	return rapid.SampledFrom([]Policy{Layer2, Layer34, Layer23, Encap23, Encap34, VLANSrcMAC})
}

func kernels() *rapid.Generator[Kernel] {
	return rapid.SampledFrom([]Kernel{Linux518, Linux515, Linux415, Linux313})
}

func TestLaneIsInRange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		slaves := rapid.IntRange(-1, 64).Draw(t, "slaves")
		lane := policies().Draw(t, "policy").Lane(kernels().Draw(t, "kernel"), flows().Draw(t, "flow"), slaves)
		if lane < 0 || lane > 0 && lane >= slaves {
			t.Fatalf("lane %d of %d", lane, slaves)
		}
	})
}

// Another way to the same lane, byte by byte and without words: with 2, 4 or 8 lanes only the lowest byte of the hash counts,
// and that is the XOR of all bytes of addresses and ports, halved.
func TestLayer34IsTheXOROfAllBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		flow := flows().Draw(t, "flow")
		src, dst := flow.addresses()
		bytes := append(append([]byte{}, src...), dst...)
		bytes = binary.BigEndian.AppendUint16(bytes, flow.Src.Port())
		bytes = binary.BigEndian.AppendUint16(bytes, flow.Dst.Port())
		var all byte
		for _, b := range bytes {
			all ^= b
		}
		for _, slaves := range []int{2, 4, 8} {
			if got, want := Layer34.Lane(Linux518, flow, slaves), int(all>>1)%slaves; got != want {
				t.Fatalf("lane %d of %d, expected %d", got, slaves, want)
			}
		}
	})
}

// A port and its odd neighbour share a lane, and stepping by 2 visits all lanes in turn or in another order, none left out.
func TestLayer34PairsPorts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		flow := flows().Draw(t, "flow")
		slaves := rapid.SampledFrom([]int{2, 4, 8}).Draw(t, "slaves")
		first := rapid.Uint16().Draw(t, "first") &^ uint16(2*slaves-1)
		seen := map[int]bool{}
		for i := range slaves {
			even := first + uint16(2*i)
			lane := Layer34.Lane(Linux518, flow.from(even), slaves)
			if odd := Layer34.Lane(Linux518, flow.from(even+1), slaves); odd != lane {
				t.Fatalf("port %d on lane %d, port %d on lane %d of %d", even, lane, even+1, odd, slaves)
			}
			seen[lane] = true
		}
		if len(seen) != slaves {
			t.Fatalf("ports from %d in steps of 2 reach %d of %d lanes", first, len(seen), slaves)
		}
	})
}

// Of layer 3 and 4 alone ports count; of the others a flow has one lane, whatever its ports.
func TestPortsCountInLayer34(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		policy, flow := policies().Draw(t, "policy"), flows().Draw(t, "flow")
		other := flow.from(flow.Src.Port() ^ 2)
		if differs := policy.Hash(Linux518, flow) != policy.Hash(Linux518, other); differs != (policy == Layer34 || policy == Encap34) {
			t.Fatalf("%s: another port makes a difference: %t", policy, differs)
		}
	})
}

func TestMappedAddressesAreIPv4(t *testing.T) {
	mapped := v4
	mapped.Src = netip.MustParseAddrPort("[::ffff:10.0.0.1]:40000")
	mapped.Dst = netip.MustParseAddrPort("[::ffff:10.0.0.2]:5000")
	for p := Layer2; p <= VLANSrcMAC; p++ {
		if got, want := p.Hash(Linux518, mapped), p.Hash(Linux518, v4); got != want {
			t.Errorf("%s: hash %#x, expected that of IPv4, %#x", p, got, want)
		}
	}
}

func TestParsePolicy(t *testing.T) {
	for p := Layer2; p <= VLANSrcMAC; p++ {
		for _, text := range []string{p.String(), p.String() + " " + string(rune('0'+p)), " " + p.String() + "\n"} {
			if got, err := ParsePolicy(text); err != nil || got != p {
				t.Errorf("%q: %s, %v", text, got, err)
			}
		}
	}
	for _, text := range []string{"", "layer4", "layer3+4 2", "layer3+4 1 1", "1", "layer3+4 01"} {
		if got, err := ParsePolicy(text); err == nil {
			t.Errorf("%q: %s, expected an error", text, got)
		}
	}
	if Encap34.Predictable() || !Layer34.Predictable() || Policy(6).Predictable() {
		t.Error("encap3+4 alone is not predictable")
	}
	if got := Policy(6).String(); got != "policy 6" {
		t.Errorf("policy 6 is called %q", got)
	}
}

func FuzzParsePolicy(f *testing.F) {
	for _, seed := range []string{"layer3+4 1\n", "layer2", "encap2+3 3", "vlan+srcmac 5", "layer2 1", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ParsePolicy(text)
		if err != nil {
			return
		}
		if again, err := ParsePolicy(p.String()); err != nil || again != p {
			t.Fatalf("%q is %s, which is %s, %v", text, p, again, err)
		}
	})
}

func TestKernelOf(t *testing.T) {
	for release, want := range map[string]Kernel{
		"6.18.0": Linux518, "5.18.0-rc1": Linux518, "5.17.9": Linux515, "5.15.0-91-generic": Linux515, "5.14": Linux415,
		"4.15.0": Linux415, "4.14.336": Linux313, "3.13.0-24": Linux313, "7.0.0": Linux518,
	} {
		if got, err := KernelOf(release); err != nil || got != want {
			t.Errorf("%s: %d, %v, expected %d", release, got, err, want)
		}
	}
	for _, release := range []string{"", "6", "6.", "six.1", "3.12.9", "2.6.32", "99999999.1"} {
		if got, err := KernelOf(release); err == nil {
			t.Errorf("%q: %d, expected an error", release, got)
		}
	}
}

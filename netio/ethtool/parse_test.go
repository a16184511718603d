package ethtool

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// encode makes the attributes of an answer.
func encode(t testing.TB, write func(e *netlink.AttributeEncoder)) []byte {
	t.Helper()
	e := netlink.NewAttributeEncoder()
	e.Nested(header, func(h *netlink.AttributeEncoder) error {
		h.Uint32(unix.ETHTOOL_A_HEADER_DEV_INDEX, 2)
		h.String(unix.ETHTOOL_A_HEADER_DEV_NAME, "eth0")
		return nil
	})
	write(e)
	b, err := e.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// words are 32-bit numbers in the machine's order.
func words(numbers ...uint32) []byte {
	var b []byte
	for _, n := range numbers {
		b = binary.NativeEndian.AppendUint32(b, n)
	}
	return b
}

func rssAnswer(t testing.TB, function uint32, table, key []byte) []byte {
	return encode(t, func(e *netlink.AttributeEncoder) {
		e.Uint32(attrRSSFunction, function)
		e.Bytes(attrRSSTable, table)
		e.Bytes(attrRSSKey, key)
		e.Uint32(6, 0) // ETHTOOL_A_RSS_INPUT_XFRM, which nobody reads here
	})
}

func TestParseRSS(t *testing.T) {
	key := []byte{0x6d, 0x5a, 0x56, 0xda, 0x25}
	for _, c := range []struct {
		function uint32
		want     string
	}{{1, "toeplitz"}, {2, "xor"}, {4, "crc32"}, {32, "bit 5"}, {0, ""}, {3, ""}} {
		var got RSS
		if err := got.parse(rssAnswer(t, c.function, words(0, 1, 2, 3, 0), key)); err != nil {
			t.Fatal(err)
		}
		if want := (RSS{Key: key, Table: []uint32{0, 1, 2, 3, 0}, Function: c.want}); !reflect.DeepEqual(got, want) {
			t.Errorf("function %d: %+v, want %+v", c.function, got, want)
		}
	}
	var got RSS
	if err := got.parse(rssAnswer(t, 1, []byte{0, 0, 0, 0, 1}, key)); err == nil || got.Table != nil {
		t.Errorf("a table of 5 bytes: %+v, %v", got, err)
	}
}

func ringsAnswer(t testing.TB) []byte {
	return encode(t, func(e *netlink.AttributeEncoder) {
		e.Uint32(unix.ETHTOOL_A_RINGS_RX_MAX, 4096)
		e.Uint32(unix.ETHTOOL_A_RINGS_TX_MAX, 2048)
		e.Uint32(unix.ETHTOOL_A_RINGS_RX, 512)
		e.Uint32(unix.ETHTOOL_A_RINGS_TX, 256)
		e.Uint8(unix.ETHTOOL_A_RINGS_TX_PUSH, 0)
	})
}

func TestParseRings(t *testing.T) {
	var got Rings
	if err := got.parse(ringsAnswer(t)); err != nil || got != (Rings{Amounts{512, 4096}, Amounts{256, 2048}}) {
		t.Errorf("%+v, %v", got, err)
	}
}

func channelsAnswer(t testing.TB) []byte {
	return encode(t, func(e *netlink.AttributeEncoder) {
		e.Uint32(unix.ETHTOOL_A_CHANNELS_OTHER_MAX, 1)
		e.Uint32(unix.ETHTOOL_A_CHANNELS_COMBINED_MAX, 64)
		e.Uint32(unix.ETHTOOL_A_CHANNELS_COMBINED_COUNT, 8)
		e.Uint32(unix.ETHTOOL_A_CHANNELS_RX_MAX, 16)
		e.Uint32(unix.ETHTOOL_A_CHANNELS_TX_COUNT, 2)
	})
}

func TestParseChannels(t *testing.T) {
	var got Channels
	want := Channels{RX: Amounts{0, 16}, TX: Amounts{2, 0}, Combined: Amounts{8, 64}}
	if err := got.parse(channelsAnswer(t)); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
}

func linkAnswer(t testing.TB, speed uint32, duplex uint8) []byte {
	return encode(t, func(e *netlink.AttributeEncoder) {
		e.Uint8(unix.ETHTOOL_A_LINKMODES_AUTONEG, 1)
		e.Uint32(unix.ETHTOOL_A_LINKMODES_SPEED, speed)
		e.Uint8(unix.ETHTOOL_A_LINKMODES_DUPLEX, duplex)
	})
}

func TestParseLink(t *testing.T) {
	for _, c := range []struct {
		speed  uint32
		duplex uint8
		want   Link
	}{
		{100000, 1, Link{100e9, "full"}},
		{10, 0, Link{10e6, "half"}},
		{1<<32 - 1, 255, Link{}},
		{0, 255, Link{}},
	} {
		var got Link
		if err := got.parse(linkAnswer(t, c.speed, c.duplex)); err != nil || got != c.want {
			t.Errorf("%+v, %v, want %+v", got, err, c.want)
		}
	}
}

// bitset is a set of bits as a list, each with or without a value; bare: without a mask.
func bitset(bare bool, names []string, set ...string) func(*netlink.AttributeEncoder) error {
	return func(e *netlink.AttributeEncoder) error {
		e.Flag(unix.ETHTOOL_A_BITSET_NOMASK, bare)
		e.Uint32(unix.ETHTOOL_A_BITSET_SIZE, 64)
		e.Nested(unix.ETHTOOL_A_BITSET_BITS, func(e *netlink.AttributeEncoder) error {
			for i, name := range names {
				e.Nested(unix.ETHTOOL_A_BITSET_BITS_BIT, func(e *netlink.AttributeEncoder) error {
					e.Uint32(unix.ETHTOOL_A_BITSET_BIT_INDEX, uint32(i))
					e.String(unix.ETHTOOL_A_BITSET_BIT_NAME, name)
					e.Flag(unix.ETHTOOL_A_BITSET_BIT_VALUE, slices.Contains(set, name))
					return nil
				})
			}
			return nil
		})
		return nil
	}
}

func featuresAnswer(t testing.TB) []byte {
	all := []string{"rx-gro", "rx-lro", "tx-tcp-segmentation"}
	return encode(t, func(e *netlink.AttributeEncoder) {
		e.Nested(unix.ETHTOOL_A_FEATURES_HW, bitset(true, all[1:]))
		e.Nested(unix.ETHTOOL_A_FEATURES_WANTED, bitset(true, all[:1]))
		e.Nested(unix.ETHTOOL_A_FEATURES_ACTIVE, bitset(false, all, "rx-gro"))
	})
}

func TestParseFeatures(t *testing.T) {
	var got Features
	err := got.parse(featuresAnswer(t))
	want := Features{
		On:      map[string]bool{"rx-gro": true},
		Offered: map[string]bool{"rx-lro": true, "tx-tcp-segmentation": true},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v, want %+v", got, err, want)
	}
}

// TestRecorded reads an answer of a kernel, the features of a card of virtio_net by Linux 6.18.
func TestRecorded(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("testdata", "features-virtio.answer"))
	if err != nil {
		t.Fatal(err)
	}
	var got Features
	if err := got.parse(b); err != nil {
		t.Fatal(err)
	}
	if len(got.On) != 10 || !got.On["rx-gro"] || !got.On["tx-tcp-segmentation"] || got.On["rx-lro"] || len(got.Offered) != 10 {
		t.Errorf("%+v", got)
	}
}

// FuzzAnswer gives any bytes to all parsers: they take them or say why not, and an answer that is refused leaves what was
// there as it was.
func FuzzAnswer(f *testing.F) {
	f.Add([]byte{})
	f.Add(rssAnswer(f, 1, words(0, 1, 2, 3), make([]byte, 40)))
	f.Add(ringsAnswer(f))
	f.Add(channelsAnswer(f))
	f.Add(linkAnswer(f, 25000, 1))
	f.Add(featuresAnswer(f))
	recorded, err := os.ReadFile(filepath.Join("testdata", "features-virtio.answer"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(recorded)
	f.Fuzz(func(t *testing.T, b []byte) {
		var rss RSS
		if err := rss.parse(b); err != nil && !reflect.DeepEqual(rss, RSS{}) {
			t.Errorf("%v with %+v", err, rss)
		}
		if 4*len(rss.Table)+len(rss.Key) > len(b) {
			t.Errorf("%d bytes gave a table of %d and a key of %d", len(b), len(rss.Table), len(rss.Key))
		}
		var features Features
		if err := features.parse(b); (err == nil) != (features.On != nil) {
			t.Errorf("%v with %+v", err, features)
		}
		_, _, _ = new(Rings).parse(b), new(Channels).parse(b), new(Link).parse(b)
	})
}

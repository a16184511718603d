package attr

import (
	"errors"
	"testing"

	"github.com/mdlayher/netlink"
)

// TestEach: what another module wrote is read, padding and flags left out.
func TestEach(t *testing.T) {
	e := netlink.NewAttributeEncoder()
	e.Uint32(1, 1<<31)
	e.Uint8(2, 7)
	e.String(3, "name")
	e.Nested(4, func(in *netlink.AttributeEncoder) error { in.Uint32(9, 5); return nil })
	e.Bytes(5, nil)
	b, err := e.Encode()
	if err != nil {
		t.Fatal(err)
	}
	var kinds []uint16
	err = Each(b, func(kind uint16, v Value) error {
		kinds = append(kinds, kind)
		switch {
		case kind == 1 && (v.Uint32() != 1<<31 || v.Uint8() != 0),
			kind == 2 && (v.Uint8() != 7 || v.Uint32() != 0),
			kind == 3 && v.String() != "name",
			kind == 5 && (len(v) != 0 || v.String() != ""):
			t.Errorf("attribute %d: % x", kind, []byte(v))
		case kind == 4:
			return Each(v, func(kind uint16, v Value) error {
				if kind != 9 || v.Uint32() != 5 {
					t.Errorf("nested %d: % x", kind, []byte(v))
				}
				return nil
			})
		}
		return nil
	})
	if err != nil || len(kinds) != 5 {
		t.Errorf("%v, %v", kinds, err)
	}
	stop := errors.New("stop")
	if err := Each(b, func(uint16, Value) error { return stop }); err != stop {
		t.Errorf("%v", err)
	}
	for _, short := range [][]byte{{3, 0, 1, 0}, {9, 0, 1, 0, 0, 0, 0, 0}} {
		if err := Each(short, func(uint16, Value) error { return nil }); err == nil {
			t.Errorf("% x was read", short)
		}
	}
}

func FuzzEach(f *testing.F) {
	f.Add([]byte{8, 0, 1, 0, 1, 2, 3, 4, 5, 0, 2, 0, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		total := 0
		_ = Each(b, func(_ uint16, v Value) error { total += 4 + len(v); return nil })
		if total > len(b) {
			t.Errorf("%d bytes of %d", total, len(b))
		}
	})
}

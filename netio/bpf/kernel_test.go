package bpf

import (
	"errors"
	"testing"

	"github.com/cilium/ebpf/btf"
)

// some structs, members in parts without a name among them, and one that no kernel has.
var some = map[string]names{
	"pipe_buffer":     {"len": true, "ops": true},
	"pipe_inode_info": {"head": true, "tail": true, "ring_size": true, "bufs": true},
	"task_struct":     {"files": true},
	"sk_buff":         {"len": true, "sk": true, "next": true},
	"millipede":       {"legs": true},
}

// TestLayouts: every member is where the library finds it too, and nothing else is kept.
func TestLayouts(t *testing.T) {
	raw, done, err := readKernel()
	if err != nil {
		t.Skip(err)
	}
	defer done()
	spec, err := layouts(raw, some)
	if err != nil {
		t.Fatal(err)
	}
	all, err := btf.LoadKernelSpec()
	if err != nil {
		t.Fatal(err)
	}
	for name, wanted := range some {
		var ours, theirs *btf.Struct
		if err := all.TypeByName(name, &theirs); err != nil {
			if !errors.Is(spec.TypeByName(name, &ours), btf.ErrNotFound) {
				t.Errorf("%s: the library has %v", name, err)
			}
			continue
		}
		if err := spec.TypeByName(name, &ours); err != nil || ours.Size != theirs.Size {
			t.Fatalf("%s: %v, %v", name, ours, err)
		}
		got, want := offsets(ours.Members, 0), offsets(theirs.Members, 0)
		for member := range wanted {
			if g, there := got[member]; g != want[member] || !there {
				t.Errorf("%s.%s: at bit %d, want %d", name, member, g, want[member])
			}
		}
		if len(got) != len(wanted) {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// offsets are where the members with a name are, also those in a part without one, in bits.
func offsets(list []btf.Member, from btf.Bits) map[string]btf.Bits {
	at := map[string]btf.Bits{}
	for _, m := range list {
		if m.Name != "" {
			at[m.Name] = from + m.Offset
			continue
		}
		var inside []btf.Member
		switch t := btf.UnderlyingType(m.Type).(type) {
		case *btf.Struct:
			inside = t.Members
		case *btf.Union:
			inside = t.Members
		}
		for name, offset := range offsets(inside, from+m.Offset) {
			at[name] = offset
		}
	}
	return at
}

// TestLayoutsOfNonsense: what is not understood is an error, and then the library reads it.
func TestLayoutsOfNonsense(t *testing.T) {
	raw, done, err := readKernel()
	if err != nil {
		t.Skip(err)
	}
	defer done()
	for _, n := range []int{0, 1, 23, 24, 100, len(raw) / 2} {
		if _, err := layouts(raw[:n], some); err == nil {
			t.Errorf("the first %d of %d bytes are as good as all", n, len(raw))
		}
	}
	for at := range 64 {
		damaged := append([]byte(nil), raw...)
		damaged[at] ^= 0x5a
		_, _ = layouts(damaged, some) // must return
	}
}

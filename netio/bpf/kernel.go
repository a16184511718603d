package bpf

import (
	"encoding/binary"
	"errors"
	"os"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"golang.org/x/sys/unix"
)

// A program that reads the kernel's structs is fitted to their layout when it is loaded (CO-RE). For that the library decodes
// all of the kernel's type information, some 100000 types, which takes 15 ms of CPU time and thousands of page faults. This file
// walks over the same bytes once, without decoding them, and keeps the members that are asked for, which takes about one.

// kernelFile holds the kernel's types in the format of Documentation/bpf/btf.rst.
const kernelFile = "/sys/kernel/btf/vmlinux"

// kernelTypes returns the kernel's layout of the structs that the programs of an object refer to. nil means that the library has
// to look for itself: none is referred to, or the kernel describes its types in a way that is not known here.
func kernelTypes(object *ebpf.CollectionSpec) *btf.Spec {
	if !relocates(object) {
		return nil
	}
	raw, done, err := readKernel()
	if err != nil {
		return nil
	}
	defer done()
	spec, err := layouts(raw, members(object.Types))
	if err != nil {
		return nil
	}
	return spec
}

// relocates reports whether a program of the object has to be fitted to the kernel.
func relocates(object *ebpf.CollectionSpec) bool {
	for _, p := range object.Programs {
		for i := range p.Instructions {
			if btf.CORERelocationMetadata(&p.Instructions[i]) != nil {
				return true
			}
		}
	}
	return false
}

// readKernel returns the kernel's types, which are valid until done is called.
func readKernel() (raw []byte, done func(), err error) {
	f, err := os.Open(kernelFile)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	raw, err = unix.Mmap(int(f.Fd()), 0, int(info.Size()), unix.PROT_READ, unix.MAP_PRIVATE)
	if err == nil {
		return raw, func() { _ = unix.Munmap(raw) }, nil
	}
	raw, err = os.ReadFile(kernelFile) // before Linux 6.16 it cannot be mapped
	return raw, func() {}, err
}

// names is a set.
type names map[string]bool

// members are the structs of an object's types, with the names of their members.
func members(object *btf.Spec) map[string]names {
	structs := map[string]names{}
	for t := range object.All() {
		if s, ok := t.(*btf.Struct); ok && s.Name != "" {
			structs[s.Name] = names{}
			for _, m := range s.Members {
				structs[s.Name][m.Name] = true
			}
		}
	}
	return structs
}

// types is the kernel's type information, not decoded.
type types struct {
	records []byte   // one after the other, the first with the id 1
	strings []byte   // each ends with a zero byte
	at      []uint32 // by id, where its record begins; that of 0, void, means nothing
}

// errUnknown is why the library has to do it.
var errUnknown = errors.New("type information of an unknown form")

// layouts makes a description of those of the wanted structs that there are, with no members but the wanted ones.
func layouts(raw []byte, wanted map[string]names) (spec *btf.Spec, err error) {
	defer func() { // an offset that leads nowhere
		if recover() != nil {
			err = errUnknown
		}
	}()
	const magic, least = 0xeb9f, 24
	if len(raw) < least || binary.NativeEndian.Uint16(raw) != magic {
		return nil, errUnknown
	}
	u32 := binary.NativeEndian.Uint32
	body := raw[u32(raw[4:]):]
	k := &types{records: body[u32(raw[8:]):][:u32(raw[12:])], strings: body[u32(raw[16:]):][:u32(raw[20:])]}
	found, err := k.walk(wanted)
	if err != nil {
		return nil, err
	}
	var list []btf.Type
	for _, id := range found {
		r := k.record(id)
		inside, err := k.members(r, wanted[k.name(r.name)])
		if err != nil {
			return nil, err
		}
		list = append(list, &btf.Struct{Name: k.name(r.name), Size: r.size, Members: inside})
	}
	b, err := btf.NewBuilder(list, nil)
	if err != nil {
		return nil, err
	}
	return b.Spec()
}

// The kinds of types that matter here (linux/btf.h).
const (
	kindInt       = 1
	kindPointer   = 2
	kindStruct    = 4
	kindUnion     = 5
	kindTypedef   = 8
	kindVolatile  = 9
	kindConst     = 10
	kindRestrict  = 11
	kindTypeTag   = 18
	recordSize    = 12 // bytes of a record, without what follows it
	memberSize    = 12 // likewise, of each member of a struct or a union
	kindsKnown    = 20
	infoKindShift = 24
	modifiersMost = 32 // of one type
)

// each and once are how many bytes follow a record of each kind: for each of its parts, and in any case.
var each, once = [kindsKnown]uint32{4: 12, 5: 12, 6: 8, 13: 8, 15: 12, 19: 12}, [kindsKnown]uint32{1: 4, 3: 12, 14: 4, 17: 4}

// record is what every type has.
type record struct {
	name  uint32 // where it is among the strings
	kind  uint32
	parts uint32
	flag  bool   // the members' offsets hold the sizes of bit fields too
	size  uint32 // in bytes, or the id of another type
	rest  []byte // what follows
}

func (k *types) record(id uint32) record {
	b := k.records[k.at[id]:]
	info := binary.NativeEndian.Uint32(b[4:])
	return record{
		name: binary.NativeEndian.Uint32(b), kind: info >> infoKindShift & 0x1f, parts: info & 0xffff, flag: info>>31 != 0,
		size: binary.NativeEndian.Uint32(b[8:]), rest: b[recordSize:],
	}
}

// name is the string that begins there.
func (k *types) name(at uint32) string {
	b := k.strings[at:]
	for i, c := range b {
		if c == 0 {
			return string(b[:i])
		}
	}
	return ""
}

// walk notes where every type begins, and returns the ids of the structs with one of the names.
func (k *types) walk(wanted map[string]names) (found []uint32, err error) {
	k.at = append(make([]uint32, 0, len(k.records)/recordSize/2), 0)
	for at := uint32(0); at < uint32(len(k.records)); {
		id := uint32(len(k.at))
		k.at = append(k.at, at)
		r := k.record(id)
		if r.kind == 0 || r.kind >= kindsKnown {
			return nil, errUnknown
		}
		if r.kind == kindStruct && r.name != 0 && k.among(r.name, wanted) {
			found = append(found, id)
		}
		at += recordSize + once[r.kind] + r.parts*each[r.kind]
	}
	return found, nil
}

// among reports whether a name is wanted, without making a string of it.
func (k *types) among(at uint32, wanted map[string]names) bool {
	b := k.strings[at:]
	for name := range wanted {
		if len(b) > len(name) && b[len(name)] == 0 && string(b[:len(name)]) == name {
			return true
		}
	}
	return false
}

// members describes those of a struct or a union that are wanted, also where they are in a part of it that has no name.
func (k *types) members(r record, wanted names) (list []btf.Member, err error) {
	u32 := binary.NativeEndian.Uint32
	for b := r.rest[:r.parts*memberSize]; len(b) > 0; b = b[memberSize:] {
		m := btf.Member{Name: k.name(u32(b)), Offset: btf.Bits(u32(b[8:]))}
		if r.flag {
			m.Offset, m.BitfieldSize = m.Offset&0xffffff, m.Offset>>24
		}
		switch inner := k.plain(u32(b[4:])); {
		case wanted[m.Name]:
			m.Type, err = k.outline(inner)
		case m.Name == "" && (inner.kind == kindStruct || inner.kind == kindUnion):
			m.Type, err = k.part(inner, wanted)
		}
		if err != nil {
			return nil, err
		}
		if m.Type != nil {
			list = append(list, m)
		}
	}
	return list, nil
}

// part describes a part without a name; nil if nothing in it is wanted.
func (k *types) part(r record, wanted names) (btf.Type, error) {
	inside, err := k.members(r, wanted)
	switch {
	case err != nil || len(inside) == 0:
		return nil, err
	case r.kind == kindUnion:
		return &btf.Union{Size: r.size, Members: inside}, nil
	}
	return &btf.Struct{Size: r.size, Members: inside}, nil
}

// plain is a type without what only modifies or renames it.
func (k *types) plain(id uint32) record {
	for range modifiersMost {
		if id == 0 {
			break
		}
		switch r := k.record(id); r.kind {
		case kindTypedef, kindVolatile, kindConst, kindRestrict, kindTypeTag:
			id = r.size
		default:
			return r
		}
	}
	return record{}
}

// outline describes a type as far as one that is only read needs it.
func (k *types) outline(r record) (btf.Type, error) {
	switch r.kind {
	case kindInt:
		return &btf.Int{Name: k.name(r.name), Size: r.size}, nil
	case kindPointer:
		return &btf.Pointer{Target: (*btf.Void)(nil)}, nil
	}
	return nil, errUnknown
}

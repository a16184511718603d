package bufpool

import (
	"os"

	"golang.org/x/sys/unix"
)

const (
	hugePage = 2 << 20 // bytes; the size of a transparent huge page on amd64, and on arm64 with pages of 4 KiB
	maxArena = 1 << 46 // bytes; half of the address space that a process has on amd64
)

// arena is one anonymous mapping. The zero arena holds no memory.
type arena struct {
	mapped []byte // as mmap(2) gave it
	bytes  []byte // the part that is used: aligned, and as long as asked for
}

// newArena maps size bytes. If size is at least a huge page, the arena is aligned to one; that takes one extra huge page
// of address space, which is never touched.
func newArena(size int) (arena, error) {
	slack := 0
	if size >= hugePage {
		slack = hugePage
	}
	const flags = unix.MAP_PRIVATE | unix.MAP_ANONYMOUS | unix.MAP_NORESERVE
	mapped, err := unix.Mmap(-1, 0, size+slack, unix.PROT_READ|unix.PROT_WRITE, flags)
	if err != nil {
		return arena{}, os.NewSyscallError("mmap", err)
	}
	skip := 0
	if slack > 0 {
		skip = -int(address(mapped)) & (hugePage - 1)
	}
	return arena{mapped: mapped, bytes: mapped[skip : skip+size : skip+size]}, nil
}

// part is the bytes from at up to at+size.
func (a arena) part(at, size int) []byte { return a.bytes[at : at+size : at+size] }

// keepFromChildren asks the kernel not to give the arena to child processes: after a fork our next write to each page
// would copy it, while the kernel still sends the old one. If it refuses, only speed is lost.
func (a arena) keepFromChildren() error {
	return os.NewSyscallError("madvise MADV_DONTFORK", unix.Madvise(a.bytes, unix.MADV_DONTFORK))
}

// huge asks for transparent huge pages: fewer page faults and TLB misses on the data path. An arena smaller than a huge
// page gets none.
func (a arena) huge() error {
	return os.NewSyscallError("madvise MADV_HUGEPAGE", unix.Madvise(a.bytes, unix.MADV_HUGEPAGE))
}

// collapse moves the resident beginning of the arena into huge pages at once, if the kernel can (MADV_COLLAPSE, Linux
// 6.1). An older kernel does so eventually.
func (a arena) collapse() {
	_ = unix.Madvise(a.bytes[:min(len(a.bytes), warmed)&^(hugePage-1)], unix.MADV_COLLAPSE)
}

// warmed is how much of an arena is collapsed into huge pages when the pool is warmed, in bytes.
const warmed = 2 * hugePage

func (a *arena) unmap() error {
	if a.mapped == nil {
		return nil
	}
	mapped := a.mapped
	*a = arena{}
	return os.NewSyscallError("munmap", unix.Munmap(mapped))
}

package bufpool

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

const (
	hugePage = 2 << 20 // bytes; the size of a transparent huge page on amd64, and on arm64 with pages of 4 KiB
	maxArena = 1 << 46 // bytes; half of the address space that a process has on amd64
)

// arena is a piece of anonymous memory. The zero arena is none.
type arena struct {
	mapped []byte // as mmap(2) gave it
	bytes  []byte // the part that is used: aligned, and as long as asked for
}

// newArena maps size bytes. From a huge page on, it begins at a multiple of one, for which a huge page more of address
// space is mapped; that is never touched.
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

// part gives bytes at to at+size.
func (a arena) part(at, size int) []byte { return a.bytes[at : at+size : at+size] }

// advise asks for huge pages (fewer faults and TLB misses on the way of the payload), and that a child process does
// not get the arena: a fork would make our next write to each page a copy, while the kernel still sends the old one.
// A refusal costs speed only.
func (a arena) advise() (refused []error) {
	try := func(name string, advice int) {
		if err := unix.Madvise(a.bytes, advice); err != nil {
			refused = append(refused, fmt.Errorf("madvise %s: %w", name, err))
		}
	}
	if len(a.bytes) >= hugePage {
		try("MADV_HUGEPAGE", unix.MADV_HUGEPAGE)
	}
	try("MADV_DONTFORK", unix.MADV_DONTFORK)
	return refused
}

// describe puts in one line what was asked for arenas of the given size, and the first refusal.
func describe(size int, refused []error) string {
	asked := "huge pages, not copied on fork"
	if size < hugePage {
		asked = "not copied on fork"
	}
	if len(refused) == 0 {
		return "advised: " + asked
	}
	return fmt.Sprintf("advised: %s; refused %d times, first: %v", asked, len(refused), refused[0])
}

func (a *arena) unmap() error {
	if a.mapped == nil {
		return nil
	}
	mapped := a.mapped
	*a = arena{}
	return os.NewSyscallError("munmap", unix.Munmap(mapped))
}

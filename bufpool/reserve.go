package bufpool

import (
	"os"

	"golang.org/x/sys/unix"
)

// A reserve is memory of huge pages that the administrator has set aside (hugetlb, nr_hugepages in /sys/kernel/mm): each
// is certain to be one TLB entry, whereas transparent ones depend on how fragmented memory is. A stream that is long
// enough moves there:
//
//	arena    [ buffer 0 | buffer 1 | buffer 2 | ... | buffer n ]   ordinary pages, transparent huge ones
//	              :          :                                     a buffer moves when a Get finds it free
//	reserve  [ buffer 0 | buffer 1 | ... ]                         of the arena's length, or its beginning
//
// It differs from ordinary memory in three ways:
//   - It is counted when it is mapped (no MAP_NORESERVE): mmap(2) fails with ENOMEM where the machine has too few, and what
//     was mapped is there. So a pool takes what is free and never more, and has all of that until Close, touched or not.
//     This is no breach of the bound on memory: it is at most the arena, and was put aside for uses such as this one.
//   - A page can be refused all the same when it is touched, with a SIGBUS: by a limit of the control group, which containers
//     often have, or by the nodes that the process may use. So nobody touches what was not had by MADV_POPULATE_WRITE (Linux
//     5.14) before, which says no with an error. The buffer stays where it was then.
//   - The kernel clears all of a page at its first touch, which a short stream would wait for. So a buffer moves once Warm was
//     called, and not before.
type reserve struct{ arena }

// newReserve maps huge pages for size bytes, rounded up to whole pages; if there are too few, for half of that, and so
// on: the first buffers of a shard are used most. The error is that of the last mmap(2): ENOMEM if not one page is free.
func newReserve(size int) (*reserve, error) {
	// The size of 2 MiB is given explicitly, since the default may be 1 GiB.
	const flags = unix.MAP_PRIVATE | unix.MAP_ANONYMOUS | unix.MAP_HUGETLB | unix.MAP_HUGE_2MB
	for pages := (size + hugePage - 1) / hugePage; ; pages /= 2 {
		mapped, err := unix.Mmap(-1, 0, pages*hugePage, unix.PROT_READ|unix.PROT_WRITE, flags)
		if err == nil {
			return &reserve{arena{mapped: mapped, bytes: mapped}}, nil
		}
		if err != unix.ENOMEM || pages == 1 {
			return nil, os.NewSyscallError("mmap MAP_HUGETLB", err)
		}
	}
}

// populate gets memory for b, which must begin and end at a page boundary. After an error b must not be touched.
func populate(b []byte) error {
	for {
		err := unix.Madvise(b, unix.MADV_POPULATE_WRITE)
		if err != unix.EINTR {
			return os.NewSyscallError("madvise MADV_POPULATE_WRITE", err)
		}
	}
}

// settle moves a buffer that was just taken to its shard's reserve, once: nobody needs what it holds. The caller is the
// only one to use the buffer and its fields meanwhile.
func (b *Buffer) settle() {
	r := b.home.reserve.Load()
	if r == nil {
		return
	}
	b.settled = true
	if len(b.data)%page != 0 {
		return // other buffers share the page, which can only be populated and given back whole
	}
	at := int(b.index-b.home.first) * len(b.data)
	if at+len(b.data) > len(r.bytes) {
		return
	}
	there := r.part(at, len(b.data))
	if populate(there) != nil {
		b.home.missed.Add(1)
		return
	}
	_ = unix.Madvise(b.data, unix.MADV_DONTNEED) // or else it would stay resident, unused
	b.data = there
}

package doctor

import (
	"errors"
	"fmt"
	"io/fs"

	"viamillipede/engine"
	"viamillipede/netio/host"
	"viamillipede/netio/probe"
)

// hugeFolder has the counts of huge pages of 2 MiB.
const hugeFolder = "sys/kernel/mm/hugepages/hugepages-2048kB"

// hugePages says how many are reserved by the administrator. Having none is fine: transparent ones need no preparation.
func hugePages(l *look) Check {
	const name = "hugepages"
	reserved, err := l.number(hugeFolder + "/nr_hugepages")
	if errors.Is(err, fs.ErrNotExist) {
		return bad(name, Missing, "this kernel has none of 2M", "")
	}
	if err != nil {
		return unread(name, err)
	}
	if reserved == 0 {
		return ok(name, "none reserved")
	}
	free, err := l.number(hugeFolder + "/free_hugepages")
	if err != nil {
		return unread(name, err)
	}
	return ok(name, "%d of 2M reserved, %d free", reserved, free)
}

const transparentFile = "sys/kernel/mm/transparent_hugepage/enabled"

// transparent says whether the memory of legs can be in transparent huge pages.
func transparent(l *look) Check {
	const name = "thp"
	mode, err := l.chosen(transparentFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return bad(name, Missing, "this kernel has no transparent huge pages", "")
	case err != nil:
		return unread(name, err)
	case mode == "never":
		return bad(name, Off, "never: the memory of legs is in small pages", "", "echo madvise > /"+transparentFile)
	}
	return ok(name, "%s: the memory of legs may be in huge pages", mode)
}

// lockedMemory judges the limit that counts memory being sent with MSG_ZEROCOPY.
func lockedMemory(l *look) Check {
	const name = "memlock"
	n, err := l.Kernel.LockedMemory()
	switch {
	case err != nil:
		return unread(name, err)
	case n == probe.Unlimited:
		return ok(name, "unlimited")
	case l.Capable(host.IPCLock):
		return ok(name, "%s, which does not apply to this user", size(int64(n)))
	case !l.byCard():
		return ok(name, "%s; %s", size(int64(n)), notByCard)
	case n < engine.DefaultWindow:
		return bad(name, Slow, fmt.Sprintf("%s; with MSG_ZEROCOPY up to %s (window) are under way", size(int64(n)), size(engine.DefaultWindow)),
			"where root permits it (limits.conf(5))", "ulimit -l unlimited")
	}
	return ok(name, "%s", size(int64(n)))
}

// enoughFiles covers MaxThreads links, 32 pipes of two descriptors at each end of the stream, and everything else.
const enoughFiles = 256

// files judges the limit on descriptors.
func files(l *look) Check {
	const name = "files"
	n, err := l.Kernel.OpenFiles()
	switch {
	case err != nil:
		return unread(name, err)
	case n < enoughFiles:
		return bad(name, Slow, fmt.Sprintf("%d descriptors, %d may be needed", n, enoughFiles), "",
			fmt.Sprintf("ulimit -n %d", 4*enoughFiles))
	case n == probe.Unlimited:
		return ok(name, "unlimited")
	}
	return ok(name, "%d descriptors", n)
}

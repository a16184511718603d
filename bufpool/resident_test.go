package bufpool_test

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"testing"

	"viamillipede/bufpool"
)

// resident gives how many bytes of an arena are in memory, as proc(5) has it in smaps.
func resident(t *testing.T, arena []byte) int {
	t.Helper()
	f, err := os.Open("/proc/self/smaps")
	if err != nil {
		t.Skip(err)
	}
	defer f.Close()
	begin, end := bufpool.Address(arena), bufpool.Address(arena)+uintptr(len(arena))
	inside, total := false, 0
	for lines := bufio.NewScanner(f); lines.Scan(); {
		line := lines.Text()
		var from, to uintptr
		if n, _ := fmt.Sscanf(line, "%x-%x ", &from, &to); n == 2 {
			inside = from < end && begin < to
		}
		var kib int
		if n, _ := fmt.Sscanf(strings.TrimSpace(line), "Rss: %d kB", &kib); inside && n == 1 {
			total += kib << 10
		}
	}
	return total
}

// touch writes to every page.
func touch(b *bufpool.Buffer) {
	for at := 0; at < len(b.Bytes()); at += os.Getpagesize() {
		b.Bytes()[at] = 1
	}
}

func TestMemoryIsWhatWasInUseAtOnce(t *testing.T) {
	const size, buffers = 256 << 10, 1024
	p := newPool(t, bufpool.Config{Shards: 1, Buffers: buffers, Size: size})
	arena := p.Arenas()[0]
	if got := resident(t, arena); got != 0 {
		t.Errorf("%d bytes resident before the first Get", got)
	}
	for range 10_000 {
		b := p.Get(0)
		touch(b)
		b.Release()
	}
	if got := resident(t, arena); got < size || got > bufpool.HugePage {
		t.Errorf("%d bytes resident for one buffer of %d", got, size)
	}
	// 16 at once, many times, in the order that legs come and go: first in, first out.
	var out []*bufpool.Buffer
	for range 2000 {
		b := p.Get(0)
		touch(b)
		if out = append(out, b); len(out) == 16 {
			out[0].Release()
			out = out[1:]
		}
	}
	for _, b := range out {
		b.Release()
	}
	if got := resident(t, arena); got < 16*size || got > 16*size+bufpool.HugePage {
		t.Errorf("%d bytes resident for 16 buffers of %d", got, size)
	}
}

package bufpool_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"viamillipede/bufpool"
)

const hugeDir = "/sys/kernel/mm/hugepages/hugepages-2048kB/"

// setAside has the kernel reserve so many huge pages more, for the rest of the test. No other test program does so meanwhile,
// but others may take the pages. It skips where that cannot be had.
func setAside(t *testing.T, pages int) {
	t.Helper()
	f, err := os.OpenFile(hugeDir+"nr_hugepages", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("cannot reserve huge pages: %v", err)
	}
	t.Cleanup(func() { f.Close() })
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != nil {
		t.Skipf("cannot reserve huge pages: flock: %v", err)
	}
	before := number(t, "nr_hugepages")
	t.Cleanup(func() {
		if _, err := f.WriteAt([]byte(strconv.Itoa(before)), 0); err != nil {
			t.Errorf("put %d reserved huge pages back: %v", before, err)
		}
	})
	if _, err := f.WriteAt([]byte(strconv.Itoa(before+pages)), 0); err != nil {
		t.Skipf("cannot reserve huge pages: %v", err)
	}
	if got := number(t, "nr_hugepages"); got < before+pages {
		t.Skipf("the kernel reserved %d huge pages of %d", got-before, pages)
	}
}

func number(t *testing.T, name string) int {
	t.Helper()
	text, err := os.ReadFile(hugeDir + name)
	if err != nil {
		t.Skip(err)
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// pageSize gives the size of the pages that b is made of, in KiB, as proc(5) has it in smaps.
func pageSize(t *testing.T, b *bufpool.Buffer) int {
	t.Helper()
	text, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		t.Skip(err)
	}
	at := bufpool.Address(b.Bytes())
	inside := false
	for line := range strings.Lines(string(text)) {
		var from, to uintptr
		if n, _ := fmt.Sscanf(line, "%x-%x ", &from, &to); n == 2 {
			inside = from <= at && at < to
		}
		var kib int
		if n, _ := fmt.Sscanf(line, "KernelPageSize: %d kB", &kib); inside && n == 1 {
			return kib
		}
	}
	t.Fatalf("buffer %d is not in smaps", b.Index())
	return 0
}

// takeAll gets every buffer of a pool, touches every page of it, and counts those in huge pages of the reserve. A page that the
// kernel does not give is a panic, and the test's failure.
func takeAll(t *testing.T, p *bufpool.Pool, shards int) (reserved int) {
	t.Helper()
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	var out []*bufpool.Buffer
	for {
		b := p.Get(len(out) % shards)
		if b == nil {
			break
		}
		touch(b)
		mark(b)
		if pageSize(t, b) == 2048 {
			reserved++
		}
		out = append(out, b)
	}
	for _, b := range out {
		if !marked(b) {
			t.Errorf("buffer %d is somebody else's too", b.Index())
		}
		b.Release()
	}
	return reserved
}

func TestReservedHugePages(t *testing.T) {
	const shards, size, buffers = 2, 64 << 10, 2 * 40 // 2.5 MiB for a shard
	setAside(t, 2*2)
	p := newPool(t, bufpool.Config{Shards: shards, Buffers: buffers, Size: size, Nodes: []int{-1, 0}})
	early := p.Get(0)
	touch(early)
	mark(early)
	if got := pageSize(t, early); got == 2048 {
		t.Error("a pool that is not warm is in huge pages")
	}
	if got := p.Warm(); got.Reserved != got.All || !got.Tried {
		if got.Refused != nil || got.Reserved+got.Advised == 0 {
			t.Errorf("huge pages: %+v", got)
		}
		early.Release()
		t.Skipf("somebody else took the pages: %+v", got)
	}
	if !marked(early) || pageSize(t, early) == 2048 {
		t.Error("a buffer that is held has moved")
	}
	early.Release()
	for range 2 {
		if got := takeAll(t, p, shards); got != buffers {
			t.Errorf("%d buffers of %d are in huge pages", got, buffers)
		}
	}
	for i, a := range p.Arenas() {
		if got := resident(t, a); got != 0 {
			t.Errorf("%d bytes are resident where shard %d has moved from", got, i)
		}
	}
	b := p.Get(1)
	if policy, _, err := policyOf(b.Bytes()); err == nil && policy != unix.MPOL_PREFERRED {
		t.Errorf("the reserve of node 0 has policy %d", policy)
	}
	b.Release()
	if got := p.Advice(); got.Missed > 0 {
		t.Errorf("advice %v", got)
	}
}

// A pool takes what is free, and has ordinary memory for the rest.
func TestTooFewReservedHugePages(t *testing.T) {
	setAside(t, 3)
	free := number(t, "free_hugepages") - number(t, "resv_hugepages")
	if free > 32 {
		t.Skipf("%d reserved huge pages are free: exhausting them takes too much memory", free)
	}
	const size = 256 << 10
	p := newPool(t, bufpool.Config{Shards: 1, Buffers: (free + 3) * 8, Size: size})
	warm := p.Warm()
	if warm.Refused != nil || warm.Reserved+warm.Advised == 0 {
		t.Errorf("huge pages: %+v", warm)
	}
	reserved := takeAll(t, p, 1)
	if reserved > free*8 || (warm.Reserved > 0) != (reserved > 0) || warm.Reserved == warm.All {
		t.Errorf("%d buffers are in reserved huge pages of which %d were free: %+v", reserved, free, warm)
	}
}

// Buffers move while others are held: nothing is lost or shared.
func TestBuffersMoveWhileInUse(t *testing.T) {
	const workers, buffers, size = 4, 40, 64 << 10
	steps := 20_000
	if raceEnabled {
		steps = 2000
	}
	setAside(t, 2)
	p := newPool(t, bufpool.Config{Shards: 1, Buffers: buffers, Size: size})
	var all sync.WaitGroup
	for worker := range workers {
		all.Go(func() {
			var mine []*bufpool.Buffer
			for step := range steps {
				if worker == 0 && step == steps/2 {
					t.Log(p.Warm())
				}
				if b := p.Get(0); b != nil {
					mark(b)
					mine = append(mine, b)
				}
				if len(mine) == buffers/workers {
					for _, b := range mine {
						if !marked(b) {
							t.Errorf("buffer %d is not as its owner left it", b.Index())
						}
						b.Release()
					}
					mine = mine[:0]
				}
			}
			for _, b := range mine {
				b.Release()
			}
		})
	}
	all.Wait()
}

// A control group without a right to huge pages, or with a right to one: touching more is a SIGBUS, though the pages are there.
func TestHugePagesOfAControlGroup(t *testing.T) {
	if os.Getenv(inGroup) != "" {
		insideGroup(t)
		return
	}
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
	setAside(t, 4)
	for _, limit := range []int{0, bufpool.HugePage} {
		t.Run(strconv.Itoa(limit), func(t *testing.T) { runInGroup(t, limit) })
	}
}

const inGroup = "BUFPOOL_TEST_IN_GROUP" // the limit in bytes, for the test program in the group

// insideGroup is the test in a process whose control group may have a number of bytes.
func insideGroup(t *testing.T) {
	for _, used := range []bool{true, false} {
		p := newPool(t, bufpool.Config{Shards: 1, Buffers: 32, Size: 256 << 10})
		if used {
			p.Get(0).Release()
		}
		warm := p.Warm()
		reserved := takeAll(t, p, 1)
		fmt.Printf("said: %d refused %v | %d reserved | %d missed: %t | %d in the reserve\n",
			len(warm.Refused), warm.Refused, warm.Reserved, p.Advice().Missed, p.Advice().Missed > 0, reserved)
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func runInGroup(t *testing.T, limit int) {
	group := newGroup(t, limit)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, self, "-test.run=^TestHugePagesOfAControlGroup$", "-test.count=1")
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d", inGroup, limit))
	cmd.SysProcAttr = &unix.SysProcAttr{UseCgroupFD: true, CgroupFD: int(group.Fd()), Pdeathsig: unix.SIGKILL}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var said []string
	for line := range strings.Lines(string(out)) {
		if text, ok := strings.CutPrefix(line, "said: "); ok {
			said = append(said, strings.TrimSpace(text))
			t.Log(said[len(said)-1])
			if strings.HasPrefix(text, "0 refused") && strings.Contains(text, "| 0 reserved") {
				t.Skip("somebody else took the pages")
			}
		}
	}
	want := [2]string{" missed: true | 8 in the reserve", " missed: true | 8 in the reserve"}
	if limit == 0 {
		want = [2]string{"1 refused [madvise MADV_POPULATE_WRITE: ", " 32 missed: true | 0 in the reserve"}
	}
	for i := range want {
		if len(said) != len(want) || !strings.Contains(said[i], want[i]) {
			t.Fatalf("said %q, want %q", said, want)
		}
	}
}

// newGroup makes a control group that may have limit bytes of huge pages of 2 MiB, for the rest of the test.
func newGroup(t *testing.T, limit int) *os.File {
	t.Helper()
	root := ""
	for _, dir := range []string{"/sys/fs/cgroup", "/sys/fs/cgroup/unified"} {
		text, err := os.ReadFile(filepath.Join(dir, "cgroup.controllers"))
		if err == nil && strings.Contains(string(text), "hugetlb") {
			root = dir
		}
	}
	if root == "" {
		t.Skip("no control groups for huge pages here")
	}
	control := filepath.Join(root, "cgroup.subtree_control")
	before, err := os.ReadFile(control)
	if err != nil {
		t.Skip(err)
	}
	if !strings.Contains(string(before), "hugetlb") {
		if err := os.WriteFile(control, []byte("+hugetlb"), 0o644); err != nil {
			t.Skip(err)
		}
		t.Cleanup(func() { _ = os.WriteFile(control, []byte("-hugetlb"), 0o644) })
	}
	dir, err := os.MkdirTemp(root, "bufpool-test-")
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() {
		if err := os.Remove(dir); err != nil {
			t.Error(err)
		}
	})
	if err := os.WriteFile(filepath.Join(dir, "hugetlb.2MB.max"), []byte(strconv.Itoa(limit)), 0o644); err != nil {
		t.Skip(err)
	}
	group, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { group.Close() })
	return group
}

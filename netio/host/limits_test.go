package host

import (
	"os"
	"path/filepath"
	"testing"
)

// machine is a tree of the kernel's files.
func machine(t *testing.T, files map[string]string) Root {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return Root(root)
}

const (
	mounts2 = "31 23 0:28 / /cg rw - cgroup2 cgroup2 rw"
	mounts1 = "31 23 0:28 / /cg/unified rw - cgroup2 cgroup2 rw\n35 31 0:32 / /cg/memory rw - cgroup cgroup rw,memory\n39 31 0:36 / /cg/pids rw - cgroup cgroup rw,pids"
)

func TestMemory(t *testing.T) {
	for _, c := range []struct {
		name  string
		files map[string]string
		want  Memory
	}{
		{"nothing is known", nil, Memory{}},
		{"v2 without a limit", map[string]string{"proc/self/cgroup": "0::/a", "proc/self/mountinfo": mounts2,
			"cg/a/memory.max": "max", "cg/a/memory.high": "max", "cg/a/memory.current": "5000"}, Memory{}},
		{"v2", map[string]string{"proc/self/cgroup": "0::/a/b", "proc/self/mountinfo": mounts2,
			"cg/a/b/memory.max": "max", "cg/a/memory.max": "100000", "cg/a/memory.current": "60000",
			"cg/a/memory.stat": "anon 10000\ninactive_file 30000\nactive_file 5000\nslab_reclaimable 1000"}, Memory{100000, 76000}},
		{"v2, made to wait earlier", map[string]string{"proc/self/cgroup": "0::/a", "proc/self/mountinfo": mounts2,
			"cg/a/memory.max": "100000", "cg/a/memory.high": "80000", "cg/a/memory.current": "90000"}, Memory{80000, 0}},
		{"the room of one, the limit of another", map[string]string{"proc/self/cgroup": "0::/a/b", "proc/self/mountinfo": mounts2,
			"cg/a/b/memory.max": "1000", "cg/a/b/memory.current": "100", "cg/a/memory.max": "9000", "cg/a/memory.current": "8500"}, Memory{1000, 500}},
		{"v1", map[string]string{"proc/self/cgroup": "4:memory:/m\n0::/", "proc/self/mountinfo": mounts1,
			"cg/memory/memory.limit_in_bytes": "9223372036854771712", "cg/memory/m/memory.limit_in_bytes": "100663296",
			"cg/memory/m/memory.usage_in_bytes": "50000000", "cg/memory/m/memory.stat": "active_file 7\ntotal_inactive_file 20000000"},
			Memory{100663296, 70663296}},
		{"garbage", map[string]string{"proc/self/cgroup": "0::/a", "proc/self/mountinfo": mounts2,
			"cg/a/memory.max": "a lot", "cg/a/memory.high": "-5"}, Memory{}},
	} {
		if got := machine(t, c.files).Memory(); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

func TestThreadsOfACgroup(t *testing.T) {
	files := map[string]string{
		"proc/self/cgroup": "8:pids:/a/b\n0::/", "proc/self/mountinfo": mounts1, "proc/self/status": "Name:\tx\nThreads:\t5",
		"proc/self/uid_map": "0 0 4294967295", "proc/loadavg": "0.1 0.2 0.3 1/90 7",
		"cg/pids/a/b/pids.max": "max", "cg/pids/a/pids.max": "12", "cg/pids/a/pids.current": "7",
	}
	want := Threads{Have: 5, Room: 5, By: "this control group (pids.max)"}
	if got := machine(t, files).Threads(); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	files["cg/pids/a/pids.max"] = "3" // it was lowered below what there is
	if got := machine(t, files).Threads(); got.Room != 0 {
		t.Errorf("%+v, want no room", got)
	}
}

func TestThreadsOfAUser(t *testing.T) {
	const own = "0 0 4294967295"
	task := func(uid, threads string) string {
		return "Name:\tx\nPid:\t9\nUid:\t" + uid + "\t0\t0\t0\nThreads:\t" + threads
	}
	for _, c := range []struct {
		name, uidMap, caps, loadavg string
		most                        uint64
		uid                         int
		room                        int64
		bound                       bool
	}{
		{"bound", own, "0", "0 0 0 1/90 7", 20, 7, 9, true},
		{"more than there are threads", own, "0", "0 0 0 1/90 7", 2000, 7, 1910, false},
		{"no limit", own, "0", "0 0 0 1/90 7", 1 << 63, 7, 0, false},
		{"root", own, "0", "0 0 0 1/90 7", 20, 0, 0, false},
		{"root of a container", "0 100000 65536", "1fffffffff", "0 0 0 1/90 7", 20, 0, 19, true},
		{"with a capability", own, "1000000", "0 0 0 1/90 7", 20, 7, 0, false},
		{"nobody tells of the others", own, "0", "", 20000, 7, 19989, true},
	} {
		r := machine(t, map[string]string{
			"proc/self/uid_map": c.uidMap, "proc/self/status": "CapEff:\t" + c.caps, "proc/loadavg": c.loadavg,
			"proc/1/status": task("0", "1"), "proc/22/status": task("7", "4"), "proc/23/status": task("7", "7"),
			"proc/sys/status": task("7", "50"),
		})
		room, bound := r.userRoom(c.most, c.uid)
		if bound != c.bound || bound && room != c.room {
			t.Errorf("%s: room %d, %v, want %d, %v", c.name, room, bound, c.room, c.bound)
		}
	}
}

func TestFilesOfThisProcess(t *testing.T) {
	f := System.Files()
	if f.Limit != Unlimited && (f.Room >= f.Limit || f.Room < 0) {
		t.Errorf("%+v", f)
	}
	if empty := machine(t, nil).Files(); f.Limit != Unlimited && empty.Room != f.Limit-3 {
		t.Errorf("where nothing is told: %+v", empty)
	}
}

package affinity

import (
	"strings"
	"testing"

	"viamillipede/netio/host"
)

func TestQuota(t *testing.T) {
	const (
		two    = "31 23 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
		hybrid = "31 23 0:28 / /cg/unified rw - cgroup2 cgroup2 rw\n32 23 0:29 / /cg/cpu rw shared:4 - cgroup cgroup rw,cpu,cpuacct\n"
	)
	for _, c := range []struct {
		name, cgroup, mounts string
		files                map[string]string
		want                 float64
	}{
		{name: "nothing is known"},
		{name: "no limit", cgroup: "0::/a", mounts: two, files: map[string]string{"sys/fs/cgroup/a/cpu.max": "max 100000"}},
		{name: "own", cgroup: "0::/a", mounts: two, files: map[string]string{"sys/fs/cgroup/a/cpu.max": "50000 100000"}, want: 0.5},
		{name: "of a parent", cgroup: "0::/a/b/c", mounts: two, want: 2,
			files: map[string]string{"sys/fs/cgroup/a/cpu.max": "200000 100000", "sys/fs/cgroup/a/b/cpu.max": "300000 100000"}},
		{name: "own namespace", cgroup: "0::/", mounts: two, files: map[string]string{"sys/fs/cgroup/cpu.max": "150000 100000"}, want: 1.5},
		{name: "outside of the namespace", cgroup: "0::/../../x", mounts: two,
			files: map[string]string{"sys/fs/cgroup/cpu.max": "150000 100000", "sys/fs/cgroup/x/cpu.max": "100000 100000"}, want: 1.5},
		{name: "v1", cgroup: "4:memory:/m\n3:cpu,cpuacct:/a/b\n0::/", mounts: hybrid, want: 3,
			files: map[string]string{"cg/cpu/a/cpu.cfs_quota_us": "300000", "cg/cpu/a/b/cpu.cfs_quota_us": "-1"}},
		{name: "v1 with a period", cgroup: "3:cpu,cpuacct:/", mounts: hybrid, want: 4,
			files: map[string]string{"cg/cpu/cpu.cfs_quota_us": "200000", "cg/cpu/cpu.cfs_period_us": "50000"}},
		{name: "the host's name for the mount's top", cgroup: "3:cpu:/docker/ab", want: 2,
			mounts: "32 23 0:29 /docker/ab /cg rw - cgroup cgroup rw,cpu\n",
			files:  map[string]string{"cg/cpu.cfs_quota_us": "200000"}},
		{name: "a mount of another cgroup beside ours", cgroup: "0::/a", want: 5,
			mounts: "30 23 0:28 /ab /other rw - cgroup2 cgroup2 rw\n" + two,
			files:  map[string]string{"other/cpu.max": "100000 100000", "sys/fs/cgroup/a/cpu.max": "500000 100000"}},
		{name: "only a mount that does not show ours", cgroup: "0::/pods/x", want: 1,
			mounts: "30 23 0:28 /docker/y /cg rw - cgroup2 cgroup2 rw\n", files: map[string]string{"cg/cpu.max": "100000 100000"}},
		{name: "cpuset is not cpu", cgroup: "3:cpuset:/a", mounts: "32 23 0:29 / /cg rw - cgroup cgroup rw,cpuset\n",
			files: map[string]string{"cg/a/cpu.cfs_quota_us": "200000"}},
		{name: "garbage", cgroup: "0\n\n::\nx:cpu", mounts: "- - -\n\n30 23 0:28 / /cg\n"},
	} {
		root := t.TempDir()
		put(t, root, "proc/self/cgroup", c.cgroup+"\n")
		put(t, root, "proc/self/mountinfo", c.mounts)
		for name, text := range c.files {
			put(t, root, name, text+"\n")
		}
		if got, err := (tree{host.Root(root)}).quota(); got != c.want || err != nil {
			t.Errorf("%s: %g, %v, want %g", c.name, got, err, c.want)
		}
	}
}

func TestMalformedQuota(t *testing.T) {
	for _, c := range []struct{ name, text string }{
		{"sys/fs/cgroup/cpu.max", "100000"},
		{"sys/fs/cgroup/cpu.max", "100000 0"},
		{"sys/fs/cgroup/cpu.max", "-1 100000"},
		{"sys/fs/cgroup/cpu.max", "max min 3"},
		{"sys/fs/cgroup/cpu.cfs_quota_us", "all"},
		{"sys/fs/cgroup/cpu.cfs_period_us", "0"},
		{"sys/fs/cgroup/cpu.cfs_period_us", "1e5"},
	} {
		root := t.TempDir()
		put(t, root, "proc/self/cgroup", "0::/\n1:cpu:/\n")
		put(t, root, "proc/self/mountinfo", "1 1 0:1 / /sys/fs/cgroup rw - cgroup2 x rw\n2 1 0:2 / /sys/fs/cgroup rw - cgroup x rw,cpu\n")
		put(t, root, "sys/fs/cgroup/cpu.cfs_quota_us", "100000")
		put(t, root, c.name, c.text)
		if got, err := (tree{host.Root(root)}).quota(); err == nil || !strings.Contains(err.Error(), c.name) {
			t.Errorf("%s is %q: %g, %v", c.name, c.text, got, err)
		}
	}
}

package host

import (
	"os"
	"slices"
	"testing"

	"github.com/moby/sys/mountinfo"
)

func TestFoldersOfACgroup(t *testing.T) {
	mounts := []*mountinfo.Info{
		{Root: "/", Mountpoint: "/cg", FSType: "cgroup2"}, {Root: "/a", Mountpoint: "/cg", FSType: "cgroup"},
	}
	if got := folders(mounts, 2, "/a/b"); !slices.Equal(got, []string{"/cg/a/b", "/cg/a", "/cg"}) {
		t.Errorf("got %v", got)
	}
	if got := folders(mounts, 1, "/a/b"); !slices.Equal(got, []string{"/cg/b", "/cg"}) {
		t.Errorf("got %v", got)
	}
	if got := folders(mounts, 0, ""); got != nil {
		t.Errorf("of no hierarchy: %v", got)
	}
}

// TestOwnCgroup2: the ways in which systems mount cgroup v2.
func TestOwnCgroup2(t *testing.T) {
	for _, test := range []struct {
		name, cgroup, mounts string
		want                 string // "": none
	}{
		{"Unified", "0::/user.slice/a.scope\n",
			"25 30 0:23 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n", "sys/fs/cgroup/user.slice/a.scope"},
		{"Hybrid", "3:cpu:/x\n0::/\n",
			"31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n" +
				"41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n", "sys/fs/cgroup/unified"},
		{"Part", "0::/docker/1234/sub\n", "9 8 0:23 /docker/1234 /cg rw - cgroup2 cgroup rw\n", "cg/sub"},
		{"OtherPartFirst", "0::/b/c\n",
			"9 8 0:23 /a /x rw - cgroup2 cgroup rw\n10 8 0:23 / /y rw - cgroup2 cgroup rw\n", "y/b/c"},
		{"Spaces", "0::/a\n", `9 8 0:23 / /my\040groups rw - cgroup2 cgroup rw` + "\n", "my groups/a"},
		{"OutsideOfNamespace", "0::/../..\n", "9 8 0:23 / /cg rw - cgroup2 cgroup rw\n", ""},
		{"NotThere", "0::/gone\n", "9 8 0:23 / /cg rw - cgroup2 cgroup rw\n", ""},
		{"OnlyVersion1", "3:cpu:/x\n", "32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n", ""},
		{"Garbage", "0::\n::\n\n0:/", "\n- - -\n1 2 - cgroup2 \n", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := machine(t, map[string]string{"proc/self/cgroup": test.cgroup, "proc/self/mountinfo": test.mounts})
			want := ""
			if test.want != "" {
				want = r.Path(test.want)
				if err := os.MkdirAll(want, 0o755); err != nil {
					t.Fatal(err)
				}
			}
			if got := r.OwnCgroup2(); got != want {
				t.Errorf("%q, expected %q", got, want)
			}
		})
	}
}

package affinity

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
)

// mount is a cgroup file system: the folder of the hierarchy that is seen at a point of the file tree.
type mount struct {
	root    string // folder of the hierarchy
	point   string // where it is seen
	version int    // 1 or 2
}

// quota gives how many CPUs' worth of time the cgroup grants to the process, 0 where there is no limit. Every cgroup
// from ours up to the top that we can see may limit, and the least of them holds.
func (t tree) quota() (float64, error) {
	mounts := cpuMounts(t.text("proc/self/mountinfo"))
	least := 0.0
	for line := range strings.Lines(t.text("proc/self/cgroup")) {
		version, group := cpuGroup(strings.TrimSuffix(line, "\n"))
		for _, dir := range folders(mounts, version, group) {
			grant, err := t.grant(dir, version)
			if err != nil {
				return 0, err
			}
			if grant > 0 && (least == 0 || grant < least) {
				least = grant
			}
		}
	}
	return least, nil
}

// cpuGroup reads a line of /proc/self/cgroup, "0::/user.slice" or "1:cpu,cpuacct:/docker/ab". The version is 0 where the
// line is not of a hierarchy that can limit CPU time.
func cpuGroup(line string) (version int, group string) {
	parts := strings.SplitN(line, ":", 3)
	switch {
	case len(parts) < 3:
		return 0, ""
	case parts[0] == "0" && parts[1] == "":
		return 2, parts[2]
	case slices.Contains(strings.Split(parts[1], ","), "cpu"):
		return 1, parts[2]
	}
	return 0, ""
}

// cpuMounts reads from /proc/self/mountinfo the cgroup file systems that can limit CPU time.
//
//	38 23 0:28 /docker/ab /sys/fs/cgroup/cpu ro,nosuid shared:9 - cgroup cgroup rw,cpu,cpuacct
//	           root       point                                   type   source options
func cpuMounts(text string) []mount {
	var mounts []mount
	for line := range strings.Lines(text) {
		before, after, _ := strings.Cut(line, " - ")
		place, kind := strings.Fields(before), strings.Fields(after)
		if len(place) < 5 || len(kind) < 3 {
			continue
		}
		m := mount{root: unescape(place[3]), point: unescape(place[4])}
		switch {
		case kind[0] == "cgroup2":
			m.version = 2
		case kind[0] == "cgroup" && slices.Contains(strings.Split(kind[2], ","), "cpu"):
			m.version = 1
		default:
			continue
		}
		mounts = append(mounts, m)
	}
	return mounts
}

// unescape turns the blanks and backslashes of mountinfo back, of which it writes \040, \011, \012 and \134.
func unescape(s string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(s)
}

// folders gives the folders of a cgroup and of those above it, as far as the mounts show them. Where no mount shows the
// cgroup (a container that has the host's names for it), the first mount's top is taken for ours.
func folders(mounts []mount, version int, group string) []string {
	var dirs []string
	first := ""
	for _, m := range mounts {
		if m.version != version {
			continue
		}
		if first == "" {
			first = m.point
		}
		below, ok := relative(m.root, group)
		if !ok {
			continue
		}
		for ; below != "/"; below = path.Dir(below) {
			dirs = append(dirs, path.Join(m.point, below))
		}
		dirs = append(dirs, m.point)
	}
	if len(dirs) == 0 && first != "" {
		dirs = []string{first}
	}
	return dirs
}

// relative gives a cgroup as seen from a folder of the hierarchy, beginning with a slash. A cgroup outside of our
// namespace has a name with "..", and is below nothing.
func relative(root, group string) (string, bool) {
	if !path.IsAbs(group) || slices.Contains(strings.Split(group, "/"), "..") {
		return "", false
	}
	if root == "/" {
		return path.Clean(group), true
	}
	below, ok := strings.CutPrefix(path.Clean(group), path.Clean(root))
	if !ok || below != "" && below[0] != '/' {
		return "", false
	}
	return path.Clean("/" + below), true
}

// grant reads the limit of one cgroup, in CPUs; 0 is none.
func (t tree) grant(dir string, version int) (float64, error) {
	if version == 2 {
		return t.grant2(path.Join(dir, "cpu.max"))
	}
	quota, err := t.number(path.Join(dir, "cpu.cfs_quota_us"), -1)
	if err != nil || quota <= 0 {
		return 0, err
	}
	name := path.Join(dir, "cpu.cfs_period_us")
	period, err := t.number(name, 100_000) // the kernel's default
	if err != nil {
		return 0, err
	}
	if period <= 0 {
		return 0, t.malformed(name, fmt.Errorf("expected microseconds, got %d", period))
	}
	return float64(quota) / float64(period), nil
}

// grant2 reads a cpu.max: the microseconds granted, or "max", in each period of so many microseconds.
func (t tree) grant2(name string) (float64, error) {
	fields := strings.Fields(t.text(name))
	if len(fields) == 0 || len(fields) == 2 && fields[0] == "max" {
		return 0, nil
	}
	if len(fields) == 2 {
		quota, err1 := strconv.ParseUint(fields[0], 10, 63)
		period, err2 := strconv.ParseUint(fields[1], 10, 63)
		if err1 == nil && err2 == nil && quota > 0 && period > 0 {
			return float64(quota) / float64(period), nil
		}
	}
	return 0, t.malformed(name, fmt.Errorf(`expected "max" or microseconds, and the period, got %q`, strings.Join(fields, " ")))
}

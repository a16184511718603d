package host

import (
	"path"
	"slices"
	"strings"
)

// Cgroup is a control group that the process is in, or one above that.
type Cgroup struct {
	Dir     string // its folder, with a leading slash, as it is seen below the root
	Version int    // of its hierarchy: 1 or 2
}

// mount is a cgroup file system: the folder of the hierarchy that is seen at a point of the file tree.
type mount struct {
	root    string // folder of the hierarchy
	point   string // where it is seen
	version int    // 1 or 2
}

// Cgroups gives the groups that may limit what a controller ("cpu", "memory", "pids") grants to the process: from ours up to
// the top that we can see. Each of them may have a limit, and the least holds.
func (r Root) Cgroups(controller string) []Cgroup {
	mounts := mountsOf(r.text("proc/self/mountinfo"), controller)
	var all []Cgroup
	for line := range strings.Lines(r.text("proc/self/cgroup")) {
		version, group := groupOf(strings.TrimSuffix(line, "\n"), controller)
		for _, dir := range folders(mounts, version, group) {
			all = append(all, Cgroup{dir, version})
		}
	}
	return all
}

// groupOf reads a line of /proc/self/cgroup, "0::/user.slice" or "1:cpu,cpuacct:/docker/ab". The version is 0 where the line
// is not of a hierarchy that can have the controller.
func groupOf(line, controller string) (version int, group string) {
	parts := strings.SplitN(line, ":", 3)
	switch {
	case len(parts) < 3:
		return 0, ""
	case parts[0] == "0" && parts[1] == "":
		return 2, parts[2]
	case slices.Contains(strings.Split(parts[1], ","), controller):
		return 1, parts[2]
	}
	return 0, ""
}

// mountsOf reads from /proc/self/mountinfo the cgroup file systems that can have the controller.
//
//	38 23 0:28 /docker/ab /sys/fs/cgroup/cpu ro,nosuid shared:9 - cgroup cgroup rw,cpu,cpuacct
//	           root       point                                   type   source options
func mountsOf(text, controller string) []mount {
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
		case kind[0] == "cgroup" && slices.Contains(strings.Split(kind[2], ","), controller):
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

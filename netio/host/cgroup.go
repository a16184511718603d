package host

import (
	"path"
	"slices"
	"strings"

	"github.com/moby/sys/mountinfo"
)

// Cgroup is a control group that the process is in, or one above that.
type Cgroup struct {
	Dir     string // its folder, with a leading slash, as seen below the root
	Version int    // of its hierarchy: 1 or 2
}

// Cgroups returns the groups that may limit what a controller ("cpu", "memory", "pids") grants the process: from its own
// up to the highest visible. Each may have a limit; the least applies.
func (r Root) Cgroups(controller string) []Cgroup {
	mounts := r.cgroupMounts(controller)
	var all []Cgroup
	for line := range strings.Lines(r.Text("proc/self/cgroup")) {
		version, group := groupOf(strings.TrimSuffix(line, "\n"), controller)
		for _, dir := range folders(mounts, version, group) {
			all = append(all, Cgroup{dir, version})
		}
	}
	return all
}

// groupOf reads a line of /proc/self/cgroup, "0::/user.slice" or "1:cpu,cpuacct:/docker/ab". The version is 0 if the line
// belongs to a hierarchy that cannot have the controller.
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

// Cgroup2 is the first mount point of control groups of version 2; "" if there is none.
func (r Root) Cgroup2() string {
	for _, m := range r.mounts() {
		if m.FSType == "cgroup2" {
			return m.Mountpoint
		}
	}
	return ""
}

// OwnCgroup2 is the folder of the process's own control group of version 2, to which programs can be attached; "" if
// there is none, or no mount shows it.
func (r Root) OwnCgroup2() string {
	for line := range strings.Lines(r.Text("proc/self/cgroup")) {
		version, group := groupOf(strings.TrimSuffix(line, "\n"), "")
		if version != 2 {
			continue
		}
		for _, m := range r.cgroupMounts("") {
			below, ok := relative(m.Root, group)
			if dir := path.Join(m.Mountpoint, below); ok && m.FSType == "cgroup2" && r.Exists(dir) {
				return r.Path(dir)
			}
		}
	}
	return ""
}

// mounts reads /proc/self/mountinfo; nil if it cannot be read.
func (r Root) mounts() []*mountinfo.Info {
	all, err := mountinfo.GetMountsFromReader(strings.NewReader(r.Text("proc/self/mountinfo")), nil)
	if err != nil {
		return nil
	}
	return all
}

// cgroupMounts returns the mounts of cgroup file systems that can have the controller.
func (r Root) cgroupMounts(controller string) []*mountinfo.Info {
	return slices.DeleteFunc(r.mounts(), func(m *mountinfo.Info) bool {
		return m.FSType != "cgroup2" && !(m.FSType == "cgroup" && slices.Contains(strings.Split(m.VFSOptions, ","), controller))
	})
}

// versionOf is the version of a cgroup file system.
func versionOf(m *mountinfo.Info) int {
	if m.FSType == "cgroup2" {
		return 2
	}
	return 1
}

// folders returns the folders of a cgroup and of those above it, as far as the mounts show them. If no mount shows the
// cgroup (in a container that sees the host's name for it), the top of the first mount is taken for ours.
func folders(mounts []*mountinfo.Info, version int, group string) []string {
	var dirs []string
	first := ""
	for _, m := range mounts {
		if versionOf(m) != version {
			continue
		}
		if first == "" {
			first = m.Mountpoint
		}
		below, ok := relative(m.Root, group)
		if !ok {
			continue
		}
		for ; below != "/"; below = path.Dir(below) {
			dirs = append(dirs, path.Join(m.Mountpoint, below))
		}
		dirs = append(dirs, m.Mountpoint)
	}
	if len(dirs) == 0 && first != "" {
		dirs = []string{first}
	}
	return dirs
}

// relative returns a cgroup's path as seen from a folder of the hierarchy, with a leading slash. A cgroup outside our
// namespace has ".." in its path and is below nothing.
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

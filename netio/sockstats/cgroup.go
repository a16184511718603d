package sockstats

import (
	"bufio"
	"errors"
	"os"
	"path/filepath"
	"strings"
)

// errNoCgroup is that there is no folder of a cgroup v2 that this process is in.
var errNoCgroup = errors.New("the cgroup of this process is not below a mounted cgroup v2")

// findCgroup gives the folder of this process's cgroup v2 (cgroups(7), proc_pid_cgroup(5), proc_pid_mountinfo(5)), with the
// file system's root at the given folder.
func findCgroup(root string) (string, error) {
	own, err := ownCgroup(root)
	if err != nil {
		return "", err
	}
	f, err := os.Open(filepath.Join(root, "proc/self/mountinfo"))
	if err != nil {
		return "", err
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		from, at, ok := cgroupMount(lines.Text())
		below, err := filepath.Rel(from, own)
		if !ok || err != nil || !filepath.IsLocal(below) {
			continue
		}
		if dir := filepath.Join(root, at, below); isFolder(dir) {
			return dir, nil
		}
	}
	return "", errNoCgroup
}

// ownCgroup is the path of our cgroup in the hierarchy of cgroup v2: the line "0::PATH".
func ownCgroup(root string) (string, error) {
	text, err := os.ReadFile(filepath.Join(root, "proc/self/cgroup"))
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(text)) {
		if path, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "0::/"); ok {
			return "/" + path, nil
		}
	}
	return "", errNoCgroup
}

// cgroupMount reads a line of mountinfo: which part of a hierarchy of cgroup v2 is mounted where.
//
//	41 31 0:38 / /sys/fs/cgroup/unified rw,relatime shared:9 - cgroup2 cgroup2 rw
//	           from at                                        type
func cgroupMount(line string) (from, at string, ok bool) {
	mount, system, ok := strings.Cut(line, " - ")
	fields := strings.Fields(mount)
	if !ok || len(fields) < 5 || !strings.HasPrefix(system, "cgroup2 ") {
		return "", "", false
	}
	return unescape.Replace(fields[3]), unescape.Replace(fields[4]), true
}

// unescape undoes what the kernel does to spaces in mountinfo.
var unescape = strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)

func isFolder(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// text is a file below the root, without the blanks around it. Errors name it as it is named on a machine.
func (l *look) text(name string) (string, error) {
	b, err := os.ReadFile(filepath.Join(l.Root, name))
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		err = fmt.Errorf("/%s: %w", name, pe.Err)
	}
	return strings.TrimSpace(string(b)), err
}

// number is a file that holds one whole number.
func (l *look) number(name string) (int64, error) {
	s, err := l.text(name)
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s holds %q", name, s)
	}
	return n, nil
}

// numbers is a file that holds count whole numbers.
func (l *look) numbers(name string, count int) ([]int64, error) {
	s, err := l.text(name)
	if err != nil {
		return nil, err
	}
	var all []int64
	for _, field := range strings.Fields(s) {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%s holds %q", name, s)
		}
		all = append(all, n)
	}
	if len(all) != count {
		return nil, fmt.Errorf("%s holds %q, not %d numbers", name, s, count)
	}
	return all, nil
}

// sysctl is a setting of the kernel by its name, such as "net.core.rmem_max".
func sysctl(name string) string { return "proc/sys/" + strings.ReplaceAll(name, ".", "/") }

// chosen is the word in brackets of a file such as "always [madvise] never".
func (l *look) chosen(name string) (string, error) {
	s, err := l.text(name)
	if err != nil {
		return "", err
	}
	_, rest, _ := strings.Cut(s, "[")
	word, _, found := strings.Cut(rest, "]")
	if !found {
		return "", fmt.Errorf("%s holds %q", name, s)
	}
	return word, nil
}

// exists reports whether a file or folder is there.
func (l *look) exists(name string) bool {
	_, err := os.Stat(filepath.Join(l.Root, name))
	return err == nil
}

// field is the value of a line "Name: value" of a file; "" is that there is none.
func (l *look) field(file, name string) string {
	s, _ := l.text(file)
	for line := range strings.Lines(s) {
		if key, value, ok := strings.Cut(line, ":"); ok && key == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// Capabilities by their numbers (linux/capability.h).
const (
	capNetAdmin    = 12
	capIPCLock     = 14
	capSysAdmin    = 21
	capSysResource = 24
	capBPF         = 39
)

// has reports whether this process has one of the capabilities in its own user namespace.
func (l *look) has(caps ...int) bool {
	mask, err := strconv.ParseUint(l.field("proc/self/status", "CapEff"), 16, 64)
	if err != nil {
		return false
	}
	for _, c := range caps {
		if mask>>c&1 == 1 {
			return true
		}
	}
	return false
}

// capable is has for what the kernel grants to the machine's own users alone: the root of a container with users of its
// own (user_namespaces(7)) has every capability, and these limits all the same.
func (l *look) capable(caps ...int) bool {
	users, err := l.numbers("proc/self/uid_map", 3)
	return l.has(caps...) && err == nil && users[0] == 0 && users[1] == 0 && users[2] == 1<<32-1
}

// filtered reports whether a filter watches this process's system calls (seccomp(2)).
func (l *look) filtered() bool { return l.field("proc/self/status", "Seccomp") == "2" }

// kernelAtLeast reports whether the kernel is that old or newer. known is false where its version cannot be read.
func (l *look) kernelAtLeast(major, minor int) (yes, known bool) {
	release, err := l.text(sysctl("kernel.osrelease"))
	var a, b int
	if _, scan := fmt.Sscanf(release, "%d.%d", &a, &b); err != nil || scan != nil {
		return false, false
	}
	return a > major || a == major && b >= minor, true
}

// processes lists the numbers of the processes that this one can see.
func (l *look) processes() (pids []string) {
	entries, _ := os.ReadDir(filepath.Join(l.Root, "proc"))
	for _, e := range entries {
		if strings.Trim(e.Name(), "0123456789") == "" {
			pids = append(pids, e.Name())
		}
	}
	return pids
}

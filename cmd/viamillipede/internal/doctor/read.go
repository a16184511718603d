package doctor

import (
	"fmt"
	"strconv"
	"strings"

	"viamillipede/netio/host"
)

// number is a file that holds one whole number.
func (l *look) number(name string) (int64, error) {
	s, err := l.Read(name)
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
	s, err := l.Read(name)
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

// chosen is the word in brackets in a file such as "always [madvise] never".
func (l *look) chosen(name string) (string, error) {
	s, err := l.Read(name)
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

// filtered reports whether a filter checks this process's system calls (seccomp(2)).
func (l *look) filtered() bool { return l.Field("proc/self/status", "Seccomp") == "2" }

// kernelAtLeast reports whether the kernel has that version or a newer one. known is false if its version cannot be read.
func (l *look) kernelAtLeast(major, minor int) (yes, known bool) {
	release, err := l.Read(host.SysctlFile("kernel.osrelease"))
	var a, b int
	if _, scan := fmt.Sscanf(release, "%d.%d", &a, &b); err != nil || scan != nil {
		return false, false
	}
	return a > major || a == major && b >= minor, true
}

package lab

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Usage is what a running process holds; see proc(5).
type Usage struct {
	Resident int64 // bytes of memory now (VmRSS)
	Peak     int64 // peak of Resident so far, in bytes (VmHWM)
	Files    int   // open descriptors
	Threads  int
}

// UsageOf reads /proc for a process. The error is fs.ErrNotExist once it has ended and was waited for; one that has ended
// but was not waited for has no memory lines, which is also an error.
func UsageOf(pid int) (Usage, error) {
	root := filepath.Join("/proc", strconv.Itoa(pid))
	status, err := os.ReadFile(filepath.Join(root, "status"))
	if err != nil {
		return Usage{}, err
	}
	var u Usage
	if u.Resident, err = kibibytes(string(status), "VmRSS:"); err != nil {
		return u, err
	}
	if u.Peak, err = kibibytes(string(status), "VmHWM:"); err != nil {
		return u, err
	}
	if u.Files, err = count(filepath.Join(root, "fd")); err != nil {
		return u, err
	}
	u.Threads, err = count(filepath.Join(root, "task"))
	return u, err
}

// kibibytes finds the line "name   N kB" and gives N in bytes.
func kibibytes(status, name string) (int64, error) {
	for line := range strings.Lines(status) {
		fields := strings.Fields(line)
		if len(fields) == 3 && fields[0] == name {
			n, err := strconv.ParseInt(fields[1], 10, 64)
			return n << 10, err
		}
	}
	return 0, fmt.Errorf("process status has no %s", name)
}

func count(dir string) (int, error) {
	entries, err := os.ReadDir(dir)
	return len(entries), err
}

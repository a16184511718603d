package host

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Root is the folder that holds the kernel's files: "/", or a test's own. Files are named without the leading slash.
type Root string

// System is the root of the machine itself.
const System Root = "/"

// Path returns the full path of a file.
func (r Root) Path(name string) string { return filepath.Join(string(r), name) }

// Read returns a file's content without surrounding white space. The error gives the file's path as it is on a real
// machine.
func (r Root) Read(name string) (string, error) {
	content, err := os.ReadFile(r.Path(name))
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		err = fmt.Errorf("/%s: %w", name, pe.Err)
	}
	return strings.TrimSpace(string(content)), err
}

// Text is Read for a file that may be absent or unreadable, which gives "".
func (r Root) Text(name string) string {
	content, _ := os.ReadFile(r.Path(name))
	return strings.TrimSpace(string(content))
}

// Exists reports whether a file or folder is there.
func (r Root) Exists(name string) bool {
	_, err := os.Stat(r.Path(name))
	return err == nil
}

// Sysctl is a kernel setting by name, such as "net.core.rmem_max"; "" if it cannot be read. Network settings are those of
// the calling thread's network namespace.
func (r Root) Sysctl(name string) string { return r.Text(SysctlFile(name)) }

// SysctlFile is the file of a setting.
func SysctlFile(name string) string { return "proc/sys/" + strings.ReplaceAll(name, ".", "/") }

// Field is the value of the first line "Name: value" in a file; "" if there is none.
func (r Root) Field(file, name string) string {
	for line := range strings.Lines(r.Text(file)) {
		if key, value, ok := strings.Cut(line, ":"); ok && key == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// Numbered returns, ascending, the N of all entries of a folder named prefixN; nil if the folder cannot be read.
func (r Root) Numbered(dir, prefix string) []int {
	entries, _ := os.ReadDir(r.Path(dir))
	var numbers []int
	for _, entry := range entries {
		digits, ok := strings.CutPrefix(entry.Name(), prefix)
		if n, err := strconv.ParseUint(digits, 10, 31); ok && err == nil {
			numbers = append(numbers, int(n))
		}
	}
	slices.Sort(numbers)
	return slices.Compact(numbers)
}

// Processes returns, ascending, the ids of the processes that this one can see.
func (r Root) Processes() []int { return r.Numbered("proc", "") }

// none stands for the absence of a limit.
const none = math.MaxInt64

// limit reads a file that holds one number, or "max"; none if it is absent or so large that it means no limit, as in
// memory.limit_in_bytes.
func (r Root) limit(name string) int64 {
	n, err := strconv.ParseInt(r.Text(name), 10, 64)
	if err != nil || n < 0 || n > none/2 {
		return none
	}
	return n
}

// count reads a file that holds one number; 0 if it is absent.
func (r Root) count(name string) int64 {
	n, err := strconv.ParseInt(r.Text(name), 10, 64)
	if err != nil {
		return 0
	}
	return max(n, 0)
}

// fields reads a file of lines such as "anon 4096" or "Threads:	7"; values that are not numbers are left out.
func (r Root) fields(name string) map[string]int64 {
	all := map[string]int64{}
	for line := range strings.Lines(r.Text(name)) {
		words := strings.Fields(line)
		if len(words) < 2 {
			continue
		}
		if n, err := strconv.ParseInt(words[1], 10, 64); err == nil {
			all[strings.TrimSuffix(words[0], ":")] = n
		}
	}
	return all
}

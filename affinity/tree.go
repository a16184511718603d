package affinity

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// tree is the folder below which the kernel's files lie: "/", or a test's own.
//
// A file that is missing, empty or may not be read counts as absent: containers hide many of them, and what they say
// decides about speed alone. A file that says something we do not understand is an error that names it.
type tree string

// path gives the place of a file, which is named without the leading slash.
func (t tree) path(name string) string { return filepath.Join(string(t), name) }

// text gives what a file says without the blanks around it; "" is absent.
func (t tree) text(name string) string {
	content, err := os.ReadFile(t.path(name))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(content))
}

// malformed is the error for a file that says something unexpected.
func (t tree) malformed(name string, err error) error {
	return fmt.Errorf("%s: %w", t.path(name), err)
}

// list reads a file such as "0-3,8"; nil is absent.
func (t tree) list(name string) ([]int, error) {
	text := t.text(name)
	if text == "" {
		return nil, nil
	}
	cpus, err := ParseList(text)
	if err != nil {
		return nil, t.malformed(name, err)
	}
	return cpus, nil
}

// mask reads a file such as "00000003,ffffffff"; nil is absent, or no CPU.
func (t tree) mask(name string) ([]int, error) {
	text := t.text(name)
	if text == "" {
		return nil, nil
	}
	cpus, err := parseMask(text)
	if err != nil {
		return nil, t.malformed(name, err)
	}
	return cpus, nil
}

// number reads a file that holds one number.
func (t tree) number(name string, absent int) (int, error) {
	text := t.text(name)
	if text == "" {
		return absent, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, t.malformed(name, fmt.Errorf("expected a number, got %q", text))
	}
	return n, nil
}

// numbered gives, ascending, the N of the entries of a folder that are called prefixN; none where it cannot be read.
func (t tree) numbered(dir, prefix string) []int {
	entries, err := os.ReadDir(t.path(dir))
	if err != nil {
		return nil
	}
	var numbers []int
	for _, entry := range entries {
		digits, ok := strings.CutPrefix(entry.Name(), prefix)
		if n, err := strconv.ParseUint(digits, 10, 31); ok && err == nil {
			numbers = append(numbers, int(n))
		}
	}
	return sortedSet(numbers)
}

func (t tree) exists(name string) bool {
	_, err := os.Stat(t.path(name))
	return err == nil
}

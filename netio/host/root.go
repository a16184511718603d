package host

import (
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Root is the folder below which the kernel's files lie: "/", or a test's own.
type Root string

// System is the root of the machine itself.
const System Root = "/"

// text gives what a file, named without the leading slash, says without the blanks around it; "" is absent.
func (r Root) text(name string) string {
	content, err := os.ReadFile(filepath.Join(string(r), name))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(content))
}

// none is a limit that there is not.
const none = math.MaxInt64

// limit reads a file that holds one number, or "max"; none where it is absent, or so large that it stands for no limit, as
// memory.limit_in_bytes has it.
func (r Root) limit(name string) int64 {
	n, err := strconv.ParseInt(r.text(name), 10, 64)
	if err != nil || n < 0 || n > none/2 {
		return none
	}
	return n
}

// count reads a file that holds one number; 0 is absent.
func (r Root) count(name string) int64 {
	n, err := strconv.ParseInt(r.text(name), 10, 64)
	if err != nil {
		return 0
	}
	return max(n, 0)
}

// fields reads a file of lines such as "anon 4096" or "Threads:	7"; what is no number is left out.
func (r Root) fields(name string) map[string]int64 {
	all := map[string]int64{}
	for line := range strings.Lines(r.text(name)) {
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

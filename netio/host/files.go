package host

import (
	"os"

	"golang.org/x/sys/unix"
)

// Files is how many descriptors the process may have.
type Files struct {
	Limit int // RLIMIT_NOFILE (getrlimit(2)); Unlimited is none
	Room  int // that may be added to those that are open
}

// Files reads the limit. The Go runtime has raised it to the hard limit when the program began, and gives a child what was
// there before.
func (r Root) Files() Files {
	var l unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &l) != nil || l.Cur > Unlimited {
		return Files{Unlimited, Unlimited}
	}
	most := int(l.Cur)
	entries, err := os.ReadDir(r.Path("proc/self/fd"))
	open := len(entries) - 1 // one is that of the folder
	if err != nil {
		open = 3
	}
	return Files{most, max(0, most-open)}
}

package control

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// A program listens at PID.sock in the first of these folders that it can have:
//
//	$XDG_RUNTIME_DIR/viamillipede   of a user who has logged in
//	/run/viamillipede               of root, or of whomever it was made for
const (
	folderName = "viamillipede"
	suffix     = ".sock"
	runDir     = "/run"
	usersDir   = "/run/user"
)

// PathMost is how long the path of a socket may be, in bytes (unix(7)).
const PathMost = 107

// folders are those in which this user's programs may be found.
func folders() (all []string) {
	if dir := os.Getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(dir) {
		all = append(all, filepath.Join(dir, folderName))
	}
	return append(all, filepath.Join(runDir, folderName))
}

// Default is where this program listens if its user does not say; "": there is no place.
func Default() string {
	for _, dir := range folders() {
		if filepath.Dir(dir) != runDir && !isOwn(filepath.Dir(dir)) {
			continue // sudo and su keep the variable: what root makes there would be in the way of the user's own programs
		}
		if path := At(dir, os.Getpid()); len(path) <= PathMost && usable(dir) {
			return path
		}
	}
	return ""
}

// At is where the program with that PID listens in a folder.
func At(dir string, pid int) string { return filepath.Join(dir, strconv.Itoa(pid)+suffix) }

// usable reports whether a folder is there, or could be made, that belongs to this user alone.
func usable(dir string) bool {
	err := os.Mkdir(dir, 0o700)
	if err != nil && !errors.Is(err, os.ErrExist) {
		return false
	}
	st, err := os.Lstat(dir)
	if err != nil || !st.IsDir() {
		return false
	}
	sys, ok := st.Sys().(*syscall.Stat_t)
	return ok && int(sys.Uid) == os.Geteuid() && st.Mode().Perm()&0o022 == 0
}

// isOwn reports whether a folder belongs to this user.
func isOwn(dir string) bool {
	st, err := os.Stat(dir)
	if err != nil {
		return false
	}
	sys, ok := st.Sys().(*syscall.Stat_t)
	return ok && int(sys.Uid) == os.Geteuid()
}

// sweepMost bounds how many sockets Sweep looks at.
const sweepMost = 256

// Sweep removes what programs have left that were killed, in the folder of a path that Default has returned.
func Sweep(path string) {
	entries, _ := os.ReadDir(filepath.Dir(path)) // none is none
	for _, e := range entries[:min(len(entries), sweepMost)] {
		name, ok := strings.CutSuffix(e.Name(), suffix)
		pid, is := parsePID(name)
		if !ok || !is || runs(pid) {
			continue
		}
		if c, err := Dial(Place{pid, filepath.Join(filepath.Dir(path), e.Name())}); err == nil {
			c.Close() // another PID namespace has such a process
		}
	}
}

// runs reports whether there is a process with that PID.
func runs(pid int) bool { return syscall.Kill(pid, 0) != syscall.ESRCH }

// Place is where a program listens.
type Place struct {
	PID  int // 0: only Path is known
	Path string
}

func (p Place) String() string {
	if p.PID == 0 {
		return p.Path
	}
	return strconv.Itoa(p.PID)
}

// Find returns the place that a word names, a PID or the path of a socket, which has a slash. The error is for people.
func Find(word string) (Place, error) {
	if strings.Contains(word, "/") {
		return Place{Path: word}, nil
	}
	pid, ok := parsePID(word)
	if !ok {
		return Place{}, fmt.Errorf("expected a PID, or the path of a socket with a slash, found %q", word)
	}
	for _, p := range List() {
		if p.PID == pid {
			return p, nil
		}
	}
	return Place{}, fmt.Errorf("no program with PID %d of yours can be asked here: it has ended, or has control off or a PATH of its own", pid)
}

func parsePID(text string) (int, bool) {
	pid, err := strconv.Atoi(text)
	return pid, err == nil && pid > 0 && strconv.Itoa(pid) == text
}

// List returns where programs of this user listen, or listened; for root, those of others who have logged in, and of services that have a folder
// in its own, too.
func List() (all []Place) {
	dirs := folders()
	if os.Geteuid() == 0 {
		for _, pattern := range []string{filepath.Join(usersDir, "*", folderName), filepath.Join(runDir, folderName, "*")} {
			others, _ := filepath.Glob(pattern) // the pattern is right
			dirs = append(dirs, others...)
		}
	}
	seen := map[string]bool{}
	for _, dir := range dirs {
		if seen[dir] {
			continue
		}
		seen[dir] = true
		entries, _ := os.ReadDir(dir) // none is none
		for _, e := range entries {
			name, ok := strings.CutSuffix(e.Name(), suffix)
			if pid, is := parsePID(name); ok && is && e.Type() == os.ModeSocket { // no link of somebody else's, which leads to another program
				all = append(all, Place{pid, filepath.Join(dir, e.Name())})
			}
		}
	}
	return all
}

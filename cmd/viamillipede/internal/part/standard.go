package part

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// Redirected is a file that the shell has opened, and that is to be on its medium in the end.
type Redirected struct{ file, folder *os.File }

// Standard looks at a descriptor that somebody else has opened; nil: it is nothing that keeps what is written to it. The file has a
// descriptor of its own, since that of the user is closed before the end.
func Standard(fd int) (*Redirected, error) {
	name := "/proc/self/fd/" + strconv.Itoa(fd)
	is, err := os.Stat(name)
	if err != nil || !is.Mode().IsRegular() && is.Mode()&(fs.ModeDevice|fs.ModeCharDevice) != fs.ModeDevice {
		return nil, err
	}
	own, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_DUPFD_CLOEXEC, firstFD)
	if errno != 0 {
		return nil, os.NewSyscallError("fcntl", errno)
	}
	r := &Redirected{file: os.NewFile(own, name)}
	if path, err := os.Readlink(name); err == nil {
		r.folder, _ = os.Open(filepath.Dir(path)) // without it, only the name is in doubt
	}
	return r, nil
}

// Sync has the file and its folder written to their medium.
func (r *Redirected) Sync() error {
	if err := Sync(r.file); err != nil || r.folder == nil {
		return err
	}
	if err := r.folder.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) {
		return err
	}
	return nil
}

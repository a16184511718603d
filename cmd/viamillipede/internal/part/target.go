package part

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// linksMost bounds how many symbolic links in a row are followed, as the kernel does (path_resolution(7)).
const linksMost = 40

// resolve follows a symbolic link to the name of the file that is to be replaced, which need not exist. is is nil where nothing has the
// name.
func resolve(path string) (name string, is fs.FileInfo, err error) {
	for range linksMost {
		is, err := os.Lstat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return path, nil, nil
		case err != nil:
			return path, nil, err
		case is.Mode()&fs.ModeSymlink == 0:
			return path, is, nil
		}
		to, err := os.Readlink(path)
		if err != nil {
			return path, nil, err
		}
		if !filepath.IsAbs(to) {
			to = filepath.Join(filepath.Dir(path), to)
		}
		path = to
	}
	return path, nil, &fs.PathError{Op: "open", Path: path, Err: syscall.ELOOP}
}

// openInPlace opens what is no file: a device, or a FIFO, which makes the caller wait for its reader. A block device that is mounted, or
// in use otherwise, is refused (O_EXCL, open(2)).
func openInPlace(name string, is fs.FileInfo) (*os.File, error) {
	flags := os.O_WRONLY
	if is.Mode()&fs.ModeDevice != 0 && is.Mode()&fs.ModeCharDevice == 0 {
		flags |= syscall.O_EXCL
	}
	f, err := os.OpenFile(name, flags, 0)
	if errors.Is(err, syscall.EBUSY) {
		return nil, fmt.Errorf("%s is in use: it may be mounted", name)
	}
	return f, err
}

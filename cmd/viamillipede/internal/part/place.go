package part

import (
	"crypto/rand"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// place is the folder of a file, and the two names there. All is done in the folder that was opened, wherever its own name leads meanwhile.
type place struct {
	dir    string // as it was named
	name   string // what a whole file is called
	part   string // and until then
	root   *os.Root
	folder *os.File // the same one
}

// suffix ends the name of a part.
const suffix = ".viamillipede-part"

// openPlace opens the folder that path is in.
func openPlace(path string) (*place, error) {
	dir, name := filepath.Split(path)
	a := &place{dir: dir, name: name, part: "." + name + suffix}
	var err error
	if a.root, err = os.OpenRoot(filepath.Clean(dir + ".")); err != nil {
		return nil, err
	}
	if a.folder, err = a.root.Open("."); err != nil {
		a.root.Close()
		return nil, err
	}
	return a, nil
}

func (a *place) close() {
	a.root.Close()
	a.folder.Close()
}

// open opens the part. A symbolic link in its place is refused.
func (a *place) open() (*os.File, error) {
	fd, err := syscall.Openat(int(a.folder.Fd()), a.part, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0o666)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: a.dir + a.part, Err: err}
	}
	return os.NewFile(uintptr(fd), a.dir+a.part), nil
}

// isAt reports whether a name in the folder is that of an open file.
func (a *place) isAt(name string, f *os.File) bool {
	here, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := a.root.Lstat(name)
	return err == nil && os.SameFile(here, there)
}

// stands reports whether the folder still has the name by which it was opened.
func (a *place) stands() bool {
	here, err := a.folder.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(filepath.Clean(a.dir + "."))
	return err == nil && os.SameFile(here, there)
}

// has says why the part is not where it was made; nil: it is.
func (a *place) has(f *os.File) error {
	switch {
	case !a.stands():
		return fmt.Errorf("the folder of %s has been removed or renamed", a.part)
	case !a.isAt(a.part, f):
		return fmt.Errorf("somebody else has removed, renamed or replaced %s", a.dir+a.part)
	}
	return nil
}

// give gives the part its name.
func (a *place) give(f *os.File) error {
	if err := a.has(f); err != nil {
		return err
	}
	return a.move(f)
}

// move does the work of give. A name says nothing of the file that has it when it is read next, so the part is first renamed to
// what nobody else can know, and looked at there: what is renamed again is f, and nothing that has taken its place. A program that is
// killed in between leaves that name; hard links would leave two names of one file.
func (a *place) move(f *os.File) error {
	secret := "." + rand.Text() + suffix // as long for any name
	if err := a.root.Rename(a.part, secret); err != nil {
		return a.explain(err)
	}
	if !a.isAt(secret, f) {
		_ = a.root.Rename(secret, a.part) // it is not ours
		return fmt.Errorf("somebody else has replaced %s", a.dir+a.part)
	}
	if err := a.root.Rename(secret, a.name); err != nil {
		_ = a.root.Rename(secret, a.part)
		return a.explain(err)
	}
	return nil
}

// explain says why the part cannot get its name.
func (a *place) explain(err error) error {
	if is, e := a.root.Lstat(a.name); e == nil && is.IsDir() {
		return fmt.Errorf("%s has become a folder", a.dir+a.name)
	}
	if e, ok := errors.AsType[*os.LinkError](err); ok {
		err = e.Err
	}
	return fmt.Errorf("%s cannot be renamed: %w", a.dir+a.part, err)
}

// Commands of fcntl(2), in linux/fcntl.h.
const (
	getLock = 36 // F_OFD_GETLK
	setLock = 37 // F_OFD_SETLK
)

// lock holds the name until unlock or the end, whatever becomes of the part: its lock is that of one file, and is worth nothing once
// another file has the name. Each name has a byte of the folder to itself, by its hash. A folder cannot be opened for writing, so it takes
// locks for reading only, and whoever holds one looks whether there is another. Where folders take no locks at all, that of the part has
// to do. False: another program holds it.
func (a *place) lock() bool {
	h := fnv.New64a()
	_, _ = io.WriteString(h, a.name)
	l := syscall.Flock_t{Type: syscall.F_RDLCK, Start: int64(h.Sum64() >> 2), Len: 1}
	if syscall.FcntlFlock(a.folder.Fd(), setLock, &l) != nil {
		return true
	}
	l.Type = syscall.F_WRLCK
	if syscall.FcntlFlock(a.folder.Fd(), getLock, &l) != nil || l.Type == syscall.F_UNLCK {
		return true
	}
	a.unlock() // whoever is refused may stay for a while, and must not keep others out
	return false
}

// unlock lets others have the name.
func (a *place) unlock() {
	_ = syscall.FcntlFlock(a.folder.Fd(), setLock, &syscall.Flock_t{Type: syscall.F_UNLCK})
}

package part

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
)

// File is what a stream is received into. Finish and Close may be called at the same time.
type File struct {
	file   *os.File
	folder *os.File    // of the name; nil: written in place
	name   string      // that it gets
	part   string      // its name until then
	was    fs.FileInfo // what had the name at the start; nil: nothing

	mu     sync.Mutex
	whole  bool // it has the name; guarded by mu, as is what follows
	closed bool
}

// suffix ends the name of a part.
const suffix = ".viamillipede-part"

// Create opens the part of path, and locks it until Close: two receivers never write to one file. Without goOn, what an earlier run has
// left in it is dropped; with goOn it is there to be read. A device or a FIFO is opened itself. Errors say for people why path cannot be
// written, and name it.
func Create(path string, goOn bool) (*File, error) {
	name, was, err := resolve(path)
	if err != nil {
		return nil, explain(path, err)
	}
	switch {
	case was != nil && was.IsDir():
		return nil, fmt.Errorf("%s is a folder", path)
	case was != nil && !was.Mode().IsRegular():
		f, err := openInPlace(name, was)
		if err != nil {
			return nil, explain(path, err)
		}
		return &File{file: f, name: name, was: was}, nil
	}
	dir, base := filepath.Split(name)
	if base == "" {
		return nil, fmt.Errorf("%s is the name of a folder", path)
	}
	folder, err := os.Open(filepath.Clean(dir + "."))
	if err != nil {
		return nil, explain(path, err)
	}
	p := &File{folder: folder, name: name, part: dir + "." + base + suffix, was: was}
	if err := p.open(path, goOn); err != nil {
		folder.Close()
		return nil, err
	}
	return p, nil
}

// tries bounds how often a part is opened anew that got its name in the moment before it was locked.
const tries = 10

// open opens and locks the part.
func (p *File) open(path string, goOn bool) error {
	for range tries {
		f, err := os.OpenFile(p.part, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o666)
		if err != nil {
			return explain(path, err)
		}
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil && p.isAt(f) {
			p.file = f
			if !goOn {
				err = f.Truncate(0)
			}
			if err != nil {
				f.Close()
				return explain(path, err)
			}
			return nil
		}
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return fmt.Errorf("%s is being received by another program, which has locked %s", path, p.part)
		}
		if err != nil {
			return explain(path, os.NewSyscallError("flock", err))
		}
	}
	return fmt.Errorf("%s is being received by other programs", path)
}

// isAt reports whether an open file still has the name of the part: another program may have completed it.
func (p *File) isAt(f *os.File) bool {
	here, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Lstat(p.part)
	return err == nil && os.SameFile(here, there)
}

// explain puts an error of the kernel into words that name what the user has named.
func explain(path string, err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return fmt.Errorf("%s cannot be written: there is no such folder", path)
	}
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		err = e.Err
	}
	return fmt.Errorf("%s cannot be written: %w", path, err)
}

// FD is a descriptor to write to, which is the caller's to close. It is open for reading too where Placed.
func (p *File) FD() (int, error) {
	fd, _, errno := syscall.Syscall(syscall.SYS_FCNTL, p.file.Fd(), syscall.F_DUPFD_CLOEXEC, firstFD)
	if errno != 0 {
		return -1, os.NewSyscallError("fcntl", errno)
	}
	if !p.Placed() && !p.stores() {
		p.file.Close() // its reader waits for the last descriptor to be closed
	}
	return int(fd), nil
}

// firstFD is the first descriptor that is none of the standard ones.
const firstFD = 3

// stores reports whether it is a device that keeps what is written to it.
func (p *File) stores() bool { return p.was.Mode()&(fs.ModeDevice|fs.ModeCharDevice) == fs.ModeDevice }

// Placed reports whether it is a file: nobody else writes to it, and its bytes have their places from 0 on, whatever it holds.
func (p *File) Placed() bool { return p.folder != nil }

// Size is how many bytes an earlier run has left in the part.
func (p *File) Size() int64 {
	is, err := p.file.Stat()
	if err != nil || !p.Placed() {
		return 0
	}
	return is.Size()
}

// Finish gives the file its name, with the mode and, where that is permitted, the owner of the one that had it; it is as long as the
// stream. Where durable, the file and its name are on the medium before it returns.
func (p *File) Finish(bytes int64, durable bool) error {
	if p.Placed() {
		if err := p.file.Truncate(bytes); err != nil { // frees what was reserved behind it, too
			return err
		}
		if err := p.inherit(); err != nil {
			return err
		}
	}
	if durable && (p.Placed() || p.stores()) {
		if err := Sync(p.file); err != nil {
			return err
		}
	}
	if !p.Placed() {
		return nil
	}
	if err := p.rename(); err != nil || !durable {
		return err
	}
	return p.folder.Sync()
}

// rename gives the part its name, unless it is closed.
func (p *File) rename() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return fs.ErrClosed
	}
	if err := os.Rename(p.part, p.name); err != nil {
		return err
	}
	p.whole = true
	return nil
}

// inherit gives the part the mode and the owner of the file that it replaces.
func (p *File) inherit() error {
	if p.was == nil {
		return nil
	}
	mode := p.was.Mode() & (fs.ModePerm | fs.ModeSetuid | fs.ModeSetgid | fs.ModeSticky)
	if st, ok := p.was.Sys().(*syscall.Stat_t); ok && p.file.Chown(int(st.Uid), int(st.Gid)) != nil {
		mode &= fs.ModePerm // the owner is another one, who must not get the rights of the first
	}
	return p.file.Chmod(mode)
}

// Sync has a file or a device written to its medium (fdatasync(2)). What has none, such as a pipe, is left alone.
func Sync(f *os.File) error {
	err := syscall.Fdatasync(int(f.Fd()))
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.EROFS) {
		return nil
	}
	return os.NewSyscallError("fdatasync", err)
}

// Close unlocks the part, and removes one that holds nothing. kept is the name of a part that is left, "" if none is: a later run can go
// on from it.
func (p *File) Close() (kept string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	defer p.file.Close()
	p.closed = true
	if !p.Placed() {
		return ""
	}
	defer p.folder.Close()
	if p.whole {
		return ""
	}
	size := p.Size()
	if size == 0 {
		_ = os.Remove(p.part)
		return ""
	}
	_ = p.file.Truncate(size) // frees what was reserved behind it
	return p.part
}

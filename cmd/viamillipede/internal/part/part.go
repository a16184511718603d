package part

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
)

// File is what a stream is received into. Finish and Close may be called at the same time.
type File struct {
	file *os.File
	at   *place      // nil: written in place
	was  fs.FileInfo // what had the name at the start; nil: nothing

	mu     sync.Mutex
	whole  bool // it has the name; guarded by mu, as is what follows
	closed bool
}

// Create opens the part of path, and locks it until Close: two receivers never write to one file. Without goOn, what an earlier run has
// left in it is dropped; with goOn it is there to be read. A device or a FIFO is opened itself. Errors say for people why path cannot be
// written, and name it.
func Create(path string, goOn bool) (*File, error) {
	name, was, err := resolve(path)
	if err != nil {
		return nil, explain(path, name, err)
	}
	switch {
	case was != nil && was.IsDir():
		return nil, fmt.Errorf("%s is a folder", path)
	case was != nil && !was.Mode().IsRegular():
		f, err := openInPlace(name, was)
		if err != nil {
			return nil, explain(path, name, err)
		}
		return &File{file: f, was: was}, nil
	}
	if strings.HasSuffix(name, "/") {
		return nil, fmt.Errorf("%s is the name of a folder", path)
	}
	at, err := openPlace(name)
	if err != nil {
		return nil, explain(path, name, err)
	}
	p := &File{at: at, was: was}
	if err := p.open(path, name, goOn); err != nil {
		at.close()
		return nil, err
	}
	return p, nil
}

// tries bounds how often a part is opened anew that got its name in the moment before it was locked.
const tries = 10

// open opens and locks the part.
func (p *File) open(path, name string, goOn bool) error {
	for range tries {
		f, err := p.at.open()
		if err != nil {
			return explain(path, name, err)
		}
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil && p.at.isAt(p.at.part, f) {
			return p.take(f, path, goOn)
		}
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return fmt.Errorf("%s is being received by another program, which has locked %s", path, p.at.dir+p.at.part)
		}
		if err != nil {
			return explain(path, name, os.NewSyscallError("flock", err))
		}
	}
	return fmt.Errorf("%s is being received by other programs", path)
}

// take makes f, which is locked, the part, and f its own to close.
func (p *File) take(f *os.File, path string, goOn bool) error {
	p.file = f
	if !p.at.lock() {
		p.remove()
		f.Close()
		return fmt.Errorf("%s is being received by another program, although its %s was removed", path, p.at.dir+p.at.part)
	}
	if p.was != nil {
		_ = f.Chmod(0o600) // until it has the mode of the file that it replaces
	}
	if goOn {
		return nil
	}
	if err := f.Truncate(0); err != nil {
		f.Close()
		return explain(path, "", err)
	}
	return nil
}

// explain puts an error of the kernel into words that name what the user has named. name is what that leads to.
func explain(path, name string, err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return fmt.Errorf("%s cannot be written: there is no folder %s", path, filepath.Dir(name))
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
func (p *File) Placed() bool { return p.at != nil }

// Size is how many bytes an earlier run has left in the part.
func (p *File) Size() int64 {
	is, err := p.file.Stat()
	if err != nil || !p.Placed() {
		return 0
	}
	return is.Size()
}

// Finish gives the file its name, with the mode and, where that is permitted, the owner of the one that had it; it is as long as the
// stream. Where durable, the file and its name are on the medium before it returns. Errors: what is at the part's name is not what was
// written; or what the system says.
func (p *File) Finish(bytes int64, durable bool) error {
	if p.Placed() {
		if size := p.Size(); size < bytes {
			return fmt.Errorf("somebody else has cut %s: it has %d bytes of %d", p.at.dir+p.at.part, size, bytes)
		}
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
	return p.at.folder.Sync()
}

// rename gives the part its name, unless it is closed.
func (p *File) rename() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return fs.ErrClosed
	}
	if err := p.at.give(p.file); err != nil {
		return err
	}
	p.at.unlock()
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
// on from it. lost says why what has come is not there any more.
func (p *File) Close() (kept string, lost error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	defer p.file.Close()
	p.closed = true
	if !p.Placed() {
		return "", nil
	}
	defer p.at.close()
	if p.whole {
		return "", nil
	}
	if p.at.name == "" { // nobody could tell what it is
		if p.at.isAt(p.at.part, p.file) {
			_ = p.at.root.Remove(p.at.part)
		}
		return "", nil
	}
	size := p.Size()
	if size == 0 {
		p.remove()
		return "", nil
	}
	if err := p.at.has(p.file); err != nil {
		return "", err
	}
	_ = p.file.Truncate(size) // frees what was reserved behind it
	return p.at.dir + p.at.part, nil
}

// remove removes the part, if it holds nothing and is still there.
func (p *File) remove() {
	if p.Size() == 0 && p.at.isAt(p.at.part, p.file) {
		_ = p.at.root.Remove(p.at.part)
	}
}

package part

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"unicode"
)

// Enter opens a part in a folder, for a stream whose name is not known yet: Name gives it one, and until then nobody else knows it. An
// error says for people why nothing can be written there.
func Enter(dir string) (*File, error) {
	at, err := openPlace(strings.TrimRight(dir, "/") + "/")
	if err != nil {
		return nil, explain(dir, dir, err)
	}
	at.part = "." + rand.Text() + suffix
	f, err := at.open()
	if err != nil {
		at.close()
		return nil, explain(dir, dir, err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = at.root.Remove(at.part)
		f.Close()
		at.close()
		return nil, explain(dir, dir, os.NewSyscallError("flock", err))
	}
	return &File{file: f, at: at}, nil
}

// Name says what a part that was entered will be called, which it is not yet: from now on its own name is that of any part, and whatever an
// earlier run has left there is gone. It is called once, at the latest while Finish waits for it. An error says for people why the name
// cannot be had; no name leads out of the folder.
func (p *File) Name(name string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return fs.ErrClosed
	}
	if why := misnamed(name); why != "" {
		return fmt.Errorf("%q cannot be the name of a file: %s", name, why)
	}
	a := p.at
	path := a.dir + name
	was, err := a.root.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		was = nil
	case err != nil:
		return explain(path, path, err)
	case !was.Mode().IsRegular():
		return fmt.Errorf("%s is there and is no file", path)
	}
	a.name = name
	if !a.lock() {
		a.name = ""
		return fmt.Errorf("%s is being received already", path)
	}
	if err := p.settle("." + name + suffix); err != nil {
		a.unlock()
		a.name = ""
		return err
	}
	if p.was = was; was != nil {
		_ = p.file.Chmod(0o600) // until it has the mode of the file that it replaces
	}
	return nil
}

// settle renames the part, unless somebody has a part of that name.
func (p *File) settle(part string) error {
	a := p.at
	old, err := a.root.OpenFile(part, os.O_RDWR|syscall.O_NOFOLLOW, 0)
	switch {
	case err == nil:
		defer old.Close()
		if errors.Is(syscall.Flock(int(old.Fd()), syscall.LOCK_EX|syscall.LOCK_NB), syscall.EWOULDBLOCK) {
			return fmt.Errorf("%s is being received by another program, which has locked %s", a.dir+a.name, a.dir+part)
		}
	case !errors.Is(err, fs.ErrNotExist):
		return explain(a.dir+a.name, a.dir, err)
	}
	if err := a.root.Rename(a.part, part); err != nil {
		return a.explain(err)
	}
	a.part = part
	return nil
}

// nameMost is how long a name may be, in bytes, so that its part has one too (NAME_MAX, 255).
const nameMost = 255 - len(suffix) - 1

// misnamed is why a name is not one of a file in a folder; "": it is.
func misnamed(name string) string {
	switch {
	case name == "":
		return "it is empty"
	case strings.Contains(name, "/"):
		return "it has a slash"
	case name[0] == '.':
		return "it begins with a dot"
	case len(name) > nameMost:
		return fmt.Sprintf("it has more than %d bytes", nameMost)
	case strings.ContainsFunc(name, unicode.IsControl):
		return "it has control characters"
	}
	return ""
}

package part

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// create makes a part with something in it.
func create(t *testing.T, path string, goOn bool, text string) *File {
	t.Helper()
	p, err := Create(path, goOn)
	if err != nil {
		t.Fatal(err)
	}
	fd, err := p.FD()
	if err != nil {
		t.Fatal(err)
	}
	f := os.NewFile(uintptr(fd), path)
	defer f.Close()
	if _, err := f.WriteAt([]byte(text), 0); err != nil {
		t.Fatal(err)
	}
	return p
}

func wants(t *testing.T, path, text string) {
	t.Helper()
	if b, err := os.ReadFile(path); err != nil || string(b) != text {
		t.Errorf("%s holds %q (%v), want %q", path, b, err, text)
	}
}

func TestWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o751|fs.ModeSetuid); err != nil {
		t.Fatal(err)
	}
	p := create(t, path, false, "new and more")
	wants(t, path, "old")
	if err := p.Finish(3, true); err != nil {
		t.Fatal(err)
	}
	wants(t, path, "new")
	if kept, _ := p.Close(); kept != "" {
		t.Errorf("%s is kept", kept)
	}
	if is, err := os.Stat(path); err != nil || is.Mode() != 0o751|fs.ModeSetuid {
		t.Errorf("mode %v, %v", is.Mode(), err)
	}
}

// What is left of a stream is there for a run that goes on, and dropped by any other.
func TestKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	kept, lost := create(t, path, false, "a beginning").Close()
	if lost != nil {
		t.Error(lost)
	}
	wants(t, kept, "a beginning")
	p := create(t, path, true, "A")
	wants(t, kept, "A beginning")
	if again, _ := p.Close(); again != kept {
		t.Error("it is not kept again")
	}
	p = create(t, path, false, "B")
	wants(t, kept, "B")
	p.Close()
	p, err := Create(path, false)
	if err != nil {
		t.Fatal(err)
	}
	if kept, _ := p.Close(); kept != "" {
		t.Error("an empty part is kept")
	}
	if _, err := os.Lstat(kept); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it is there: %v", err)
	}
}

func TestLocked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	p := create(t, path, false, "mine")
	if _, err := Create(path, false); err == nil || !strings.Contains(err.Error(), "is being received by another program") {
		t.Errorf("a second one: %v", err)
	}
	wants(t, p.at.dir+p.at.part, "mine")
	if err := p.Finish(4, false); err != nil {
		t.Fatal(err)
	}
	create(t, path, false, "another") // although the first one still has the file
	p.Close()
}

// A stream that has failed does not become whole any more, however late its end comes.
func TestClosedIsNotRenamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	p := create(t, path, false, "late")
	p.closed = true
	if err := p.Finish(4, false); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("%v, want %v", err, fs.ErrClosed)
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it is there: %v", err)
	}
	p.Close()
}

func TestLinks(t *testing.T) {
	dir := t.TempDir()
	for _, err := range []error{
		os.Mkdir(filepath.Join(dir, "d"), 0o700), os.Symlink("d/a", filepath.Join(dir, "l")), os.Symlink("l", filepath.Join(dir, "m")),
		os.Symlink("o", filepath.Join(dir, "o")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	p := create(t, filepath.Join(dir, "m"), false, "through two links")
	if err := p.Finish(17, false); err != nil {
		t.Fatal(err)
	}
	p.Close()
	wants(t, filepath.Join(dir, "d/a"), "through two links")
	if _, err := Create(filepath.Join(dir, "o"), false); !errors.Is(err, syscall.ELOOP) {
		t.Errorf("a link to itself: %v", err)
	}
}

// Somebody else is at the part: what gets the name is what was received, or nothing does.
func TestMeddled(t *testing.T) {
	for _, c := range []struct {
		name   string
		meddle func(dir, part string) error
		said   string
		kept   bool
	}{
		{"removed", func(_, part string) error { return os.Remove(part) }, "has removed, renamed or replaced", false},
		{"replaced", func(_, part string) error {
			return errors.Join(os.Remove(part), os.WriteFile(part, []byte("evil"), 0o600))
		}, "has removed, renamed or replaced", false},
		{"cut", func(_, part string) error { return os.Truncate(part, 2) }, "somebody else has cut", true},
		{"folder renamed", func(dir, _ string) error { return os.Rename(dir, dir+"2") }, "has been removed or renamed", false},
		{"folder removed", func(dir, _ string) error { return os.RemoveAll(dir) }, "has been removed or renamed", false},
		{"a folder has the name", func(dir, _ string) error { return os.Mkdir(filepath.Join(dir, "a"), 0o700) }, "a has become a folder", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "d")
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(dir, "a")
			p := create(t, path, false, "mine")
			if err := c.meddle(dir, filepath.Join(dir, p.at.part)); err != nil {
				t.Fatal(err)
			}
			if err := p.Finish(4, true); err == nil || !strings.Contains(err.Error(), c.said) {
				t.Errorf("%v, want %q", err, c.said)
			}
			if b, err := os.ReadFile(path); err == nil {
				t.Errorf("%s holds %q", path, b)
			}
			if kept, lost := p.Close(); kept != "" != c.kept || lost == nil != c.kept {
				t.Errorf("kept %q, %v", kept, lost)
			}
		})
	}
}

// The part is replaced in the moment before it gets its name: what has taken its place is put back.
func TestSwapped(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	p := create(t, path, false, "mine")
	other, err := os.Open(path[:len(path)-1])
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if err := p.at.move(other); err == nil || !strings.Contains(err.Error(), "somebody else has replaced") {
		t.Error(err)
	}
	wants(t, p.at.dir+p.at.part, "mine")
	p.Close()
}

// A second receiver is refused although the part of the first one was removed.
func TestLockedWithoutPart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	p := create(t, path, false, "mine")
	if err := os.Remove(p.at.dir + p.at.part); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(path, false); err == nil || !strings.Contains(err.Error(), "is being received by another program") {
		t.Errorf("a second one: %v", err)
	}
	if _, err := os.Lstat(p.at.dir + p.at.part); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the second one has left its part: %v", err)
	}
	create(t, path+"2", false, "another name").Close()
	if _, lost := p.Close(); lost == nil {
		t.Error("it is not missed")
	}
	create(t, path, false, "afterwards").Close()
}

// A link that leads nowhere says which folder is missing.
func TestNoFolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "l")
	if err := os.Symlink("/nowhere/at/all", path); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(path, false); err == nil || !strings.HasSuffix(err.Error(), "l cannot be written: there is no folder /nowhere/at") {
		t.Error(err)
	}
}

// A name as long as its part's may be is no longer on the way to its own.
func TestLongName(t *testing.T) {
	path := filepath.Join(t.TempDir(), strings.Repeat("n", 255-len(suffix)-1))
	p := create(t, path, false, "all")
	if err := p.Finish(3, false); err != nil {
		t.Fatal(err)
	}
	wants(t, path, "all")
}

// Nobody reads what replaces a private file before it has that file's mode.
func TestPrivateMeanwhile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := create(t, path, false, "new")
	defer p.Close()
	if is, err := p.file.Stat(); err != nil || is.Mode() != 0o600 {
		t.Errorf("mode %v, %v", is.Mode(), err)
	}
}

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
	if kept := p.Close(); kept != "" {
		t.Errorf("%s is kept", kept)
	}
	if is, err := os.Stat(path); err != nil || is.Mode() != 0o751|fs.ModeSetuid {
		t.Errorf("mode %v, %v", is.Mode(), err)
	}
}

// What is left of a stream is there for a run that goes on, and dropped by any other.
func TestKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	kept := create(t, path, false, "a beginning").Close()
	wants(t, kept, "a beginning")
	p := create(t, path, true, "A")
	wants(t, kept, "A beginning")
	if p.Close() != kept {
		t.Error("it is not kept again")
	}
	p = create(t, path, false, "B")
	wants(t, kept, "B")
	p.Close()
	p, err := Create(path, false)
	if err != nil {
		t.Fatal(err)
	}
	if p.Close() != "" {
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
	wants(t, p.part, "mine")
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

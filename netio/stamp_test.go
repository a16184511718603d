package netio

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A name more or less is no change of a file, though it changes the inode, as other modes do.
func TestStamp(t *testing.T) {
	for _, c := range []struct {
		what   string
		change func(name string) error
		counts bool
	}{
		{"renamed", func(name string) error { return os.Rename(name, name+".1") }, false},
		{"linked", func(name string) error { return os.Link(name, name+".1") }, false},
		{"removed", os.Remove, false},
		{"of another mode", func(name string) error { return os.Chmod(name, 0o640) }, true},
		{"longer", func(name string) error { return os.Truncate(name, 10) }, true},
	} {
		name := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(name, []byte("asdf"), 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		src, err := OpenSource(int(f.Fd()), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer src.Close()
		then := stamp(t, src)
		afterTick(t)
		if err := c.change(name); err != nil {
			t.Fatal(err)
		}
		now := stamp(t, src)
		if now.inode == then.inode {
			t.Errorf("%s: the inode has not changed", c.what)
		}
		if why := now.Since(then); (why != "") != c.counts {
			t.Errorf("%s: %q", c.what, why)
		}
	}
}

func stamp(t *testing.T, s *Source) Stamp {
	t.Helper()
	st, err := s.Stamp()
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// afterTick returns when the file system's clock has moved on, which it does in ticks: files made one after the other differ.
func afterTick(t *testing.T) {
	t.Helper()
	var first time.Time
	for end := time.Now().Add(patience); time.Now().Before(end); {
		f, err := os.CreateTemp(t.TempDir(), "")
		if err != nil {
			t.Fatal(err)
		}
		st, err := f.Stat()
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case first.IsZero():
			first = st.ModTime()
		case st.ModTime().After(first):
			return
		}
	}
	t.Fatal("files are all of the same time")
}

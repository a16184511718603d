package notify

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// at is what a file has; "" where there is none.
func at(name string) string {
	b, _ := os.ReadFile(name)
	return string(b)
}

// A file of an earlier run goes at once; the new one is there from Write to Close, alone in its folder.
func TestMarkFile(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "port")
	if err := os.WriteFile(name, []byte("1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	m, err := OpenMark(name)
	if err != nil || at(name) != "" {
		t.Fatalf("%v, %q is left", err, at(name))
	}
	if err := m.Write(8834); err != nil || at(name) != "8834\n" {
		t.Errorf("%v, got %q", err, at(name))
	}
	m.Close()
	m.Close()
	if all, _ := os.ReadDir(dir); len(all) != 0 {
		t.Errorf("left behind: %v", all)
	}
	if m, err = OpenMark(name); err != nil {
		t.Fatal(err)
	}
	m.Close()
	if all, _ := os.ReadDir(dir); len(all) != 0 {
		t.Errorf("left behind, unwritten: %v", all)
	}
}

// A file that another program has put in the place stays.
func TestMarkOfAnother(t *testing.T) {
	name := filepath.Join(t.TempDir(), "port")
	first, err := OpenMark(name)
	if err != nil {
		t.Fatal(err)
	}
	second, err := OpenMark(name)
	if err != nil {
		t.Fatal(err)
	}
	if first.Write(1) != nil || second.Write(2) != nil {
		t.Fatal("not written")
	}
	first.Close()
	if got := at(name); got != "2\n" {
		t.Errorf("the other's file has %q", got)
	}
	second.Close()
}

func TestMarkThatCannotBe(t *testing.T) {
	dir := t.TempDir()
	for word, want := range map[string]string{
		filepath.Join(dir, "none", "port"): "cannot be written: no such file", dir: "cannot be written: is a directory", "fd:524288": "is not open",
	} {
		if m, err := OpenMark(word); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, %v", word, m, err)
		}
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	fd, err := syscall.Dup(int(r.Fd()))
	r.Close()
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fd)
	if _, err := openFD(fd); err == nil || !strings.Contains(err.Error(), "for writing") {
		t.Errorf("the end of a pipe that is read from: %v", err)
	}
	if _, err := openFD(int(w.Fd())); err == nil || !strings.Contains(err.Error(), "not open") {
		t.Errorf("the program's own: %v", err)
	}
	if m, err := OpenMark(""); m != nil || err != nil {
		t.Errorf("no word: %v, %v", m, err)
	}
}

// A descriptor gets the port, and its reader the end.
func TestMarkFD(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	fd, err := syscall.Dup(int(w.Fd()))
	w.Close()
	if err != nil {
		t.Fatal(err)
	}
	m, err := openFD(fd)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Write(65535); err != nil {
		t.Error(err)
	}
	if got, err := io.ReadAll(r); string(got) != "65535\n" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	m.Close()
	for word, want := range map[string][2]bool{
		"fd:3": {true, true}, "fd:2": {true, false}, "fd:": {true, false}, "fd:+3": {true, false}, "fd:x": {true, false}, "port": {}, "./fd:3": {},
	} {
		if _, is, ok := ParseFD(word); is != want[0] || ok != want[1] {
			t.Errorf("%s: %v, %v", word, is, ok)
		}
	}
}

package seal

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestKeyFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "key")
	k := NewKey()
	if err := k.Create(file); err != nil {
		t.Fatal(err)
	}
	if st, err := os.Stat(file); err != nil || st.Mode() != 0o600 {
		t.Error(st.Mode(), err)
	}
	if err := NewKey().Create(file); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a file that exists: %v", err)
	}
	got, err := Load(file)
	if err != nil {
		t.Fatal(err)
	}
	if got.secret != k.secret || got.Fingerprint() != k.Fingerprint() {
		t.Error("another key")
	}
	if f := k.Fingerprint(); !regexp.MustCompile(`^([0-9a-f]{4}-){3}[0-9a-f]{4}$`).MatchString(f) || f == NewKey().Fingerprint() {
		t.Error(f)
	}
	for _, mode := range []fs.FileMode{0o640, 0o604, 0o620, 0o602, 0o610} {
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(file); !errors.Is(err, ErrShared) || !strings.Contains(err.Error(), "chmod 600 "+file) {
			t.Errorf("%v: %v", mode, err)
		}
	}
}

// TestKeyIsKnown pins what is derived from a key: both ends may be different programs.
func TestKeyIsKnown(t *testing.T) {
	k := newKey([keyLen]byte(bytes.Repeat([]byte{7}, keyLen)))
	if got := string(k.Text()); got != "viamillipede-key-1 BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n" {
		t.Error(got)
	}
	if got := k.Fingerprint(); got != "f91d-c0fa-b49d-a6bc" {
		t.Error(got)
	}
}

func TestParseKey(t *testing.T) {
	good := string(NewKey().Text())
	for _, text := range []string{
		"", "\n", "hunter2\n", good + "\n", good + good, " " + good, strings.TrimSuffix(good, "=\n"), strings.Replace(good, "-1 ", "-2 ", 1),
		good[:len(good)-6] + "\n", strings.Replace(good, " ", "  ", 1), good[:30] + "!" + good[31:],
	} {
		if _, err := ParseKey([]byte(text)); err != ErrFormat {
			t.Errorf("%q: %v", text, err)
		}
	}
	for _, text := range []string{good, strings.TrimSpace(good)} {
		if _, err := ReadKey(strings.NewReader(text)); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func FuzzParseKey(f *testing.F) {
	f.Add(newKey([keyLen]byte{1}).Text())
	f.Add([]byte("viamillipede-key-1 "))
	f.Add([]byte("-----BEGIN PRIVATE KEY-----"))
	f.Fuzz(func(t *testing.T, text []byte) {
		k, err := ParseKey(text)
		if err == nil && !bytes.Equal(bytes.TrimSuffix(k.Text(), []byte("\n")), bytes.TrimSuffix(text, []byte("\n"))) {
			t.Fatalf("%q is read as %q", text, k.Text())
		}
	})
}

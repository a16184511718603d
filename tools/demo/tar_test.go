package main

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

func TestWriteTar(t *testing.T) {
	dir := t.TempDir()
	want := map[string]string{"one": "1", "two": "", filepath.Join("sub", "three"): "333"}
	if err := os.Mkdir(filepath.Join(dir, "sub"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, content := range want {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if size, err := contentSize(dir); size != 4 || err != nil {
		t.Errorf("contentSize is %d, %v; want 4", size, err)
	}

	var archive bytes.Buffer
	steps := 0
	if err := writeTar(&archive, dir, func() error { steps++; return nil }); err != nil {
		t.Fatal(err)
	}
	if steps != 5 {
		t.Errorf("called after %d entries, want 5", steps)
	}
	for r := tar.NewReader(&archive); ; {
		header, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if header.Typeflag == tar.TypeDir {
			continue
		}
		got, err := io.ReadAll(r)
		if content, ok := want[header.Name]; err != nil || !ok || string(got) != content {
			t.Errorf("%s holds %q, %v; want %q", header.Name, got, err, content)
		}
		delete(want, header.Name)
	}
	if len(want) > 0 {
		t.Errorf("not in the archive: %v", want)
	}
}

func TestWriteTarStops(t *testing.T) {
	stop := errors.New("stop")
	if err := writeTar(io.Discard, t.TempDir(), func() error { return stop }); !errors.Is(err, stop) {
		t.Errorf("writeTar returned %v", err)
	}
}

package main

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestNumbersAreInOrder: each version is after those before it, for the package managers that compare numbers between dots.
func TestNumbersAreInOrder(t *testing.T) {
	date := time.Date(2026, 11, 29, 10, 20, 30, 0, time.UTC)
	for version, want := range map[string]string{
		"1a2b3c4": "0.0.0-git20261129102030", "1a2b3c4-dirty": "0.0.0-git20261129102030", "devel": "0.0.0-git20261129102030",
		"v1.2": "1.2.0", "v1.2-7-g1a2b3c4": "1.2.0.7", "v1.2.3-7-g1a2b3c4-dirty": "1.2.3.7", "1.2.3": "1.2.3", "v1.2.3-dirty": "1.2.3",
	} {
		if got := (release{version: version, date: date}).number(); got != want {
			t.Errorf("%s is %s, want %s", version, got, want)
		}
	}
}

// TestVersionOfAnArchive: sources that git has archived know their version where there is no git.
func TestVersionOfAnArchive(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("there is no git here")
	}
	clone, dir := t.TempDir(), t.TempDir()
	folder := filepath.Join(clone, "tools/packages")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"version", ".gitattributes"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	git := func(words ...string) []byte {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "git", append([]string{"-C", clone, "-c", "user.name=t", "-c", "user.email=t@localhost", "-c", "tag.gpgSign=false", "-c", "commit.gpgSign=false"}, words...)...)
		cmd.Env = append(os.Environ(), "GIT_COMMITTER_DATE=1790000000 +0000", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("git %s: %v\n%s", words, err, out)
		}
		return out
	}
	git("init", "-q")
	git("add", ".")
	git("commit", "-q", "-m", "one")
	for _, tag := range []string{"", "v1.2.3"} {
		want := strings.TrimSpace(string(git("rev-parse", "--short", "HEAD")))
		if tag != "" {
			git("tag", tag)
			want = tag
		}
		if err := unpack(bytes.NewReader(git("archive", "--format=tar", "HEAD")), dir); err != nil {
			t.Fatal(err)
		}
		for _, root := range []string{dir, clone} {
			r, err := findRelease(t.Context(), root)
			if err != nil || r.version != want || r.date.Unix() != 1790000000 {
				t.Errorf("%q of %v, %v, want %q", r.version, r.date, err, want)
			}
		}
	}
}

// TestArchiveHasItsFolders: every folder comes once, before what is in it, and all is of the date that was asked for.
func TestArchiveHasItsFolders(t *testing.T) {
	from := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(from, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	date := time.Unix(1790000000, 0)
	text, err := archive([]file{{from, "bin/f", 0o755}, {from, "share/man/f", 0o644}, {from, "share/f", 0o644}}, "top", date)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for r := tar.NewReader(bytes.NewReader(text)); ; {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if !h.ModTime.Equal(date) || h.Uid != 0 || h.Uname != "" {
			t.Errorf("%s: %v, of %d %q", h.Name, h.ModTime, h.Uid, h.Uname)
		}
		names = append(names, h.Name)
	}
	if got, want := strings.Join(names, " "), "top/ top/bin/ top/bin/f top/share/ top/share/man/ top/share/man/f top/share/f"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestImageIsWhole: a layout is followed from its index to the program of this machine, each blob with its digest.
func TestImageIsWhole(t *testing.T) {
	dir, root := t.TempDir(), t.TempDir()
	for _, name := range []string{"viamillipede", "copyright", "sbom.cdx.json"} {
		text := "#!/bin/sh\necho viamillipede v1.2.3, wire version 2\n"
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	r := release{version: "v1.2.3", date: time.Unix(1790000000, 0).UTC()}
	to := filepath.Join(dir, "image.tar")
	if err := r.image(map[string]string{"amd64": dir, "arm64": dir}, to); err != nil {
		t.Fatal(err)
	}
	if said, err := r.tryImage(t.Context(), to, root); err != nil {
		t.Error(said, err)
	}
}

// TestCorrect: what the Go project has is under its licence, whatever the tool has taken it for; the rest is left alone.
func TestCorrect(t *testing.T) {
	for name, want := range map[string]string{"golang.org/x/sys": "BSD-3-Clause", "std": "BSD-3-Clause", "github.com/cilium/ebpf": "MIT"} {
		c := map[string]any{"name": name, "evidence": map[string]any{"licenses": []any{map[string]any{"license": map[string]any{"id": "MIT"}}}}}
		correct(c)
		if got := fmt.Sprint(c["evidence"]); !strings.Contains(got, "id:"+want) {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

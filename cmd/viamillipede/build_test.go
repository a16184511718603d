package main_test

import (
	"debug/buildinfo"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// sizeMost is how large the program may be, in bytes: it is copied to hosts over slow lines, and read from disk at each start.
const sizeMost = 14e6

// devOnly begin the names of modules that serve developers' programs and are no part of this one.
var devOnly = []string{"gonum.org/", "codeberg.org/go-fonts/", "github.com/rogpeppe/", "pgregory.net/"}

// TestBuild: the program, built as make build does, is small and has nothing in it that is for developers alone.
func TestBuild(t *testing.T) {
	program := filepath.Join(t.TempDir(), "viamillipede")
	build := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-trimpath", "-ldflags", "-s -w", "-o", program, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	file, err := os.Stat(program)
	if err != nil {
		t.Fatal(err)
	}
	if size := file.Size(); size > sizeMost {
		t.Errorf("%d bytes, want %.0f at most", size, sizeMost)
	}
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range info.Deps { // the modules of all packages that are linked
		for _, name := range devOnly {
			if strings.HasPrefix(m.Path, name) {
				t.Errorf("%s is linked", m.Path)
			}
		}
	}
}

package main

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// licences writes our licence, Go's, and those of all modules that are linked into the program, with what they want to be said
// (NOTICE), into one file. A module without a licence is an error.
func (r release) licences(ctx context.Context, program, to string) error {
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return err
	}
	goroot, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return fmt.Errorf("go env GOROOT: %w", err)
	}
	var text bytes.Buffer
	if err := addLicence(&text, "viamillipede "+r.version, r.root); err != nil {
		return err
	}
	if err := addLicence(&text, "The Go runtime and standard library "+info.GoVersion, strings.TrimSpace(string(goroot))); err != nil {
		return err
	}
	for _, m := range info.Deps {
		dir, err := r.moduleDir(ctx, m.Path)
		if err != nil {
			return err
		}
		if err := addLicence(&text, m.Path+" "+m.Version, dir); err != nil {
			return err
		}
	}
	return os.WriteFile(to, text.Bytes(), 0o644)
}

// moduleDir is where the sources of a module are, downloaded where they were not.
func (r release) moduleDir(ctx context.Context, path string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "mod", "download", "-json", path)
	cmd.Dir = r.root
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("go mod download %s: %w", path, err)
	}
	var m struct{ Dir string }
	if err := json.Unmarshal(out, &m); err != nil {
		return "", err
	}
	return m.Dir, nil
}

// addLicence adds the files of a folder that are a licence or belong to one.
func addLicence(text *bytes.Buffer, title, dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	names := slices.DeleteFunc(entries, func(e os.DirEntry) bool { return e.IsDir() || !isLicence(e.Name()) })
	if len(names) == 0 {
		return fmt.Errorf("%s: no licence in %s", title, dir)
	}
	fmt.Fprintf(text, "%s\n%s\n", title, strings.Repeat("=", len(title)))
	for _, e := range names {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return err
		}
		fmt.Fprintf(text, "\n%s\n\n", bytes.TrimSpace(bytes.ReplaceAll(data, []byte("\r"), nil)))
	}
	return nil
}

// isLicence reports whether a file of this name is one.
func isLicence(name string) bool {
	base, _, _ := strings.Cut(strings.ToUpper(name), ".")
	return slices.Contains([]string{"LICENSE", "LICENCE", "COPYING", "NOTICE", "PATENTS", "COPYRIGHT"}, base)
}

package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// tools are the programs of others that we need, and the modules that have them: tools.mod has their versions.
var tools = map[string]string{
	"nfpm":            "github.com/goreleaser/nfpm/v2/cmd/nfpm",
	"cyclonedx-gomod": "github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod",
}

// errAbsent is that a tool of others cannot be had: neither the module proxy nor the cache has it.
var errAbsent = errors.New("is not available here")

// formats are the packages that nfpm makes.
var formats = []string{"deb", "rpm", "apk"}

// make makes everything in a folder, which it empties, and returns the names of what is there.
func (r release) make(ctx context.Context, out string, archs []string) ([]string, error) {
	if err := errors.Join(os.RemoveAll(out), os.MkdirAll(out, 0o755)); err != nil {
		return nil, err
	}
	stages, err := os.MkdirTemp("", "packages-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(stages)
	for name, path := range tools {
		if err := r.goes(ctx, nil, "build", "-modfile=tools/packages/tools.mod", "-o", filepath.Join(stages, name), path); err != nil {
			return nil, fmt.Errorf("%s %w: %w", name, errAbsent, err)
		}
	}
	platforms := map[string]string{} // the folder of each machine's files
	for _, arch := range archs {
		stage := filepath.Join(stages, arch)
		platforms[arch] = stage
		if err := r.stage(ctx, stages, stage, arch); err != nil {
			return nil, err
		}
		if err := r.packs(ctx, stages, stage, out, arch); err != nil {
			return nil, err
		}
		if err := r.tarball(stage, filepath.Join(out, fmt.Sprintf("viamillipede-%s-linux-%s.tar.gz", r.number(), arch)), arch); err != nil {
			return nil, err
		}
	}
	if err := r.image(platforms, filepath.Join(out, "viamillipede-"+r.number()+"-oci.tar")); err != nil {
		return nil, err
	}
	return sums(out)
}

// goes runs a go command in the folder of the sources, with these settings beside those of the environment.
func (r release) goes(ctx context.Context, env []string, words ...string) error {
	return r.runs(ctx, append([]string{"GOFLAGS=-buildvcs=false"}, env...), "go", words...)
}

// runs runs a program; what it says is part of the error.
func (r release) runs(ctx context.Context, env []string, name string, words ...string) error {
	cmd := exec.CommandContext(ctx, name, words...)
	cmd.Dir, cmd.Env = r.root, append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", filepath.Base(name), words[0], err, bytes.TrimSpace(out))
	}
	return nil
}

// stage makes the files of one machine that are not in the sources.
func (r release) stage(ctx context.Context, stages, stage, arch string) error {
	if err := os.Mkdir(stage, 0o755); err != nil {
		return err
	}
	program := filepath.Join(stage, "viamillipede")
	err := r.goes(ctx, []string{"CGO_ENABLED=0", "GOOS=linux", "GOARCH=" + arch, "GOAMD64=v1", "GOARM64=v8.0"},
		"build", "-trimpath", "-ldflags", "-s -w -X main.version="+r.version, "-o", program, "./cmd/viamillipede")
	if err != nil {
		return err
	}
	if err := r.licences(ctx, program, filepath.Join(stage, "copyright")); err != nil {
		return err
	}
	if err := r.bom(ctx, filepath.Join(stages, "cyclonedx-gomod"), program, filepath.Join(stage, "sbom.cdx.json")); err != nil {
		return err
	}
	page, err := os.ReadFile(filepath.Join(r.root, "viamillipede.1"))
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(stage, "viamillipede.1.gz"), zipped(page), 0o644); err != nil {
		return err
	}
	return filepath.WalkDir(stage, func(name string, _ os.DirEntry, err error) error {
		return errors.Join(err, os.Chtimes(name, r.date, r.date))
	})
}

// zipped is what gzip -9n makes.
func zipped(text []byte) []byte {
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level is one that there is
	_, _ = z.Write(text)                                  // a bytes.Buffer takes everything
	_ = z.Close()
	return b.Bytes()
}

// packs makes the packages of nfpm.
func (r release) packs(ctx context.Context, stages, stage, out, arch string) error {
	to, err := filepath.Abs(out)
	if err != nil {
		return err
	}
	env := []string{"VERSION=" + r.number(), "ARCH=" + arch, "STAGE=" + stage, fmt.Sprintf("SOURCE_DATE_EPOCH=%d", r.date.Unix())}
	for _, format := range formats {
		err := r.runs(ctx, env, filepath.Join(stages, "nfpm"), "package", "-f", "tools/packages/nfpm.yaml", "-p", format, "-t", to+"/")
		if err != nil {
			return err
		}
	}
	return nil
}

// sums writes the sums of all files in a folder into one more, and returns the names of all.
func sums(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var names []string
	var text strings.Builder
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		names = append(names, e.Name())
		fmt.Fprintf(&text, "%x  %s\n", sha256.Sum256(data), e.Name())
	}
	const name = "SHA256SUMS"
	return slices.Insert(names, 0, name), os.WriteFile(filepath.Join(dir, name), []byte(text.String()), 0o644)
}

package main

import (
	"archive/tar"
	"bytes"
	"os"
	"path"
	"path/filepath"
	"time"
)

// file is a file of an archive: where it is read, and where it goes.
type file struct {
	from, to string
	mode     int64
}

// files are those of the tarball, for PREFIX of the sources' Makefile; the stage has what is not in the sources.
func (r release) files(stage string) []file {
	source := func(name string) string { return filepath.Join(r.root, name) }
	packages := func(name string) string { return source("tools/packages/" + name) }
	return []file{
		{filepath.Join(stage, "viamillipede"), "bin/viamillipede", 0o755},
		{filepath.Join(stage, "viamillipede.1.gz"), "share/man/man1/viamillipede.1.gz", 0o644},
		{packages("completions/viamillipede.bash"), "share/bash-completion/completions/viamillipede", 0o644},
		{packages("completions/_viamillipede"), "share/zsh/site-functions/_viamillipede", 0o644},
		{packages("completions/viamillipede.fish"), "share/fish/vendor_completions.d/viamillipede.fish", 0o644},
		{packages("systemd/viamillipede-rx@.service"), "lib/systemd/system/viamillipede-rx@.service", 0o644},
		{packages("systemd/viamillipede-rx@.socket"), "lib/systemd/system/viamillipede-rx@.socket", 0o644},
		{packages("systemd/viamillipede.conf"), "lib/sysusers.d/viamillipede.conf", 0o644},
		{source("README.md"), "share/doc/viamillipede/README.md", 0o644},
		{source("CHANGELOG.md"), "share/doc/viamillipede/CHANGELOG.md", 0o644},
		{filepath.Join(stage, "copyright"), "share/doc/viamillipede/copyright", 0o644},
		{filepath.Join(stage, "sbom.cdx.json"), "share/doc/viamillipede/sbom.cdx.json", 0o644},
	}
}

// tarball writes the files of one machine, below a folder that has its name.
func (r release) tarball(stage, to, arch string) error {
	text, err := archive(r.files(stage), "viamillipede-"+r.number()+"-linux-"+arch, r.date)
	if err != nil {
		return err
	}
	return os.WriteFile(to, zipped(text), 0o644)
}

// archive is a tar of the files below a folder, "" for none, with the folders that they are in. All belong to root and have that date.
func archive(files []file, below string, date time.Time) ([]byte, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	made := map[string]bool{".": true}
	var folders func(dir string) error
	folders = func(dir string) error {
		if made[dir] {
			return nil
		}
		made[dir] = true
		if err := folders(path.Dir(dir)); err != nil {
			return err
		}
		return w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: dir + "/", Mode: 0o755, ModTime: date, Format: tar.FormatUSTAR})
	}
	for _, f := range files {
		data, err := os.ReadFile(f.from)
		if err != nil {
			return nil, err
		}
		name := path.Join(below, f.to)
		if err := folders(path.Dir(name)); err != nil {
			return nil, err
		}
		if err := writeFile(w, name, f.mode, data, date); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return b.Bytes(), err
}

// writeFile adds a file that belongs to root, as every archive here has them.
func writeFile(w *tar.Writer, name string, mode int64, data []byte, date time.Time) error {
	head := &tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: mode, Size: int64(len(data)), ModTime: date, Format: tar.FormatUSTAR}
	if err := w.WriteHeader(head); err != nil {
		return err
	}
	_, err := w.Write(data)
	return err
}

package main

import (
	"archive/tar"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// material is what is sent, in a folder of a file system in memory.
type material struct {
	dir    string
	tar    data // Go's source
	part   data // its beginning, for slow paths
	random data
}

// data is a file.
type data struct {
	file  string
	bytes int64
}

const (
	memory    = "/dev/shm" // a file system in memory
	partBytes = 64 << 20
)

// makeMaterial writes the files.
func makeMaterial() (m *material, err error) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return nil, fmt.Errorf("go env GOROOT: %w", err)
	}
	dir := memory
	if _, err := os.Stat(dir); err != nil {
		dir = "" // what it takes from the disk is in the page cache
	}
	m = &material{}
	if m.dir, err = os.MkdirTemp(dir, "coded"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			m.remove()
		}
	}()
	source := os.DirFS(filepath.Join(strings.TrimSpace(string(root)), "src"))
	if m.tar, err = m.write("tar", func(w io.Writer) error {
		t := tar.NewWriter(w)
		return errors.Join(t.AddFS(source), t.Close())
	}); err != nil {
		return nil, err
	}
	if m.part, err = m.write("part", func(w io.Writer) error {
		f, err := os.Open(m.tar.file)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = io.CopyN(w, f, partBytes)
		return err
	}); err != nil {
		return nil, err
	}
	m.random, err = m.write("random", func(w io.Writer) error {
		_, err := io.CopyN(w, rand.Reader, partBytes)
		return err
	})
	return m, err
}

func (m *material) write(name string, fill func(io.Writer) error) (data, error) {
	f, err := os.Create(filepath.Join(m.dir, name))
	if err != nil {
		return data{}, err
	}
	if err := errors.Join(fill(f), f.Close()); err != nil {
		return data{}, err
	}
	s, err := os.Stat(f.Name())
	if err != nil {
		return data{}, err
	}
	return data{f.Name(), s.Size()}, nil
}

// ready is the file by which the receiver says that it listens.
func (m *material) ready() string { return filepath.Join(m.dir, "ready") }

func (m *material) remove() { _ = os.RemoveAll(m.dir) }

// describe is a line of a header.
func (m *material) describe() string {
	const mib = 1 << 20
	return fmt.Sprintf("- what is sent: a tar of Go's source, %.1f MiB, of which the first %d MiB over 100 Mbit/s; %d MiB of random bytes; from memory, by `cat` through a pipe\n",
		float64(m.tar.bytes)/mib, m.part.bytes/mib, m.random.bytes/mib)
}

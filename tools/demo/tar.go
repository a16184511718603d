package main

import (
	"archive/tar"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// contentSize adds up the regular files below dir, in bytes; a tar of it is somewhat larger.
func contentSize(dir string) (int64, error) {
	var size int64
	err := filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			size += info.Size()
		}
		return err
	})
	return size, err
}

// writeTar writes the folders and regular files below dir to w as a tar, and calls after after each file.
func writeTar(w io.Writer, dir string, after func() error) error {
	archive := tar.NewWriter(w)
	err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() && !entry.IsDir() {
			return err
		}
		if err := addFile(archive, dir, name, entry); err != nil {
			return err
		}
		return after()
	})
	if err != nil {
		return err
	}
	return archive.Close()
}

func addFile(archive *tar.Writer, dir, name string, entry fs.DirEntry) error {
	info, err := entry.Info()
	if err != nil {
		return err
	}
	header, err := tar.FileInfoHeader(info, "")
	if err != nil {
		return err
	}
	if header.Name, err = filepath.Rel(dir, name); err != nil {
		return err
	}
	if err := archive.WriteHeader(header); err != nil || entry.IsDir() {
		return err
	}
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = io.Copy(archive, file)
	return err
}

package main

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Media types of the OCI image specification.
const (
	typeIndex    = "application/vnd.oci.image.index.v1+json"
	typeManifest = "application/vnd.oci.image.manifest.v1+json"
	typeConfig   = "application/vnd.oci.image.config.v1+json"
	typeLayer    = "application/vnd.oci.image.layer.v1.tar+gzip"
)

// descriptor points at a blob.
type descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Size        int               `json:"size"`
	Platform    *platform         `json:"platform,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

type platform struct {
	Architecture string `json:"architecture"`
	OS           string `json:"os"`
}

// layout is an OCI image layout under construction: blobs by the names of their files.
type layout map[string][]byte

// add adds a blob.
func (l layout) add(mediaType string, data []byte) descriptor {
	sum := fmt.Sprintf("%x", sha256.Sum256(data))
	l["blobs/sha256/"+sum] = data
	return descriptor{MediaType: mediaType, Digest: "sha256:" + sum, Size: len(data)}
}

// addJSON adds a value as a blob.
func (l layout) addJSON(mediaType string, v any) (descriptor, error) {
	data, err := json.Marshal(v)
	return l.add(mediaType, data), err
}

// anybody is the user and the group that the program runs as in a container, where there are no names.
const anybody = "65532:65532"

// image writes the layout of an image with the program, its licences and nothing else, for all machines, as a tar file that podman load,
// docker load and skopeo read. stages are the folders with the files of each machine.
func (r release) image(stages map[string]string, to string) error {
	l := layout{"oci-layout": []byte(`{"imageLayoutVersion":"1.0.0"}`)}
	var manifests []descriptor
	for _, arch := range slices.Sorted(maps.Keys(stages)) {
		d, err := r.manifest(l, stages[arch], arch)
		if err != nil {
			return err
		}
		manifests = append(manifests, d)
	}
	all, err := l.addJSON(typeIndex, index(manifests))
	if err != nil {
		return err
	}
	all.Annotations = map[string]string{
		"org.opencontainers.image.ref.name": r.number(), "io.containerd.image.name": "viamillipede:" + r.number(),
	}
	if l["index.json"], err = json.Marshal(index([]descriptor{all})); err != nil {
		return err
	}
	text, err := l.tar(r.date)
	if err != nil {
		return err
	}
	return os.WriteFile(to, text, 0o644)
}

func index(manifests []descriptor) any {
	return struct {
		Version   int          `json:"schemaVersion"`
		MediaType string       `json:"mediaType"`
		Manifests []descriptor `json:"manifests"`
	}{2, typeIndex, manifests}
}

// manifest adds the image of one machine.
func (r release) manifest(l layout, stage, arch string) (descriptor, error) {
	tree, err := archive([]file{
		{filepath.Join(stage, "viamillipede"), "usr/bin/viamillipede", 0o755},
		{filepath.Join(stage, "copyright"), "usr/share/doc/viamillipede/copyright", 0o644},
		{filepath.Join(stage, "sbom.cdx.json"), "usr/share/doc/viamillipede/sbom.cdx.json", 0o644},
	}, "", r.date)
	if err != nil {
		return descriptor{}, err
	}
	labels := map[string]string{
		"org.opencontainers.image.title": "viamillipede", "org.opencontainers.image.version": r.version,
		"org.opencontainers.image.licenses": "BSD-2-Clause", "org.opencontainers.image.description": "a pipe across the network",
	}
	type config struct {
		Entrypoint []string
		Cmd        []string
		User       string
		WorkingDir string
		Labels     map[string]string
	}
	type rootFS struct {
		Type    string   `json:"type"`
		DiffIDs []string `json:"diff_ids"`
	}
	type history struct {
		Created   time.Time `json:"created"`
		CreatedBy string    `json:"created_by"`
	}
	about, err := l.addJSON(typeConfig, struct {
		Created time.Time `json:"created"`
		platform
		Config  config    `json:"config"`
		RootFS  rootFS    `json:"rootfs"`
		History []history `json:"history"`
	}{
		r.date, platform{arch, "linux"}, config{[]string{"/usr/bin/viamillipede"}, []string{"help"}, anybody, "/", labels},
		rootFS{"layers", []string{fmt.Sprintf("sha256:%x", sha256.Sum256(tree))}}, []history{{r.date, "tools/packages"}},
	})
	if err != nil {
		return descriptor{}, err
	}
	d, err := l.addJSON(typeManifest, struct {
		Version     int               `json:"schemaVersion"`
		MediaType   string            `json:"mediaType"`
		Config      descriptor        `json:"config"`
		Layers      []descriptor      `json:"layers"`
		Annotations map[string]string `json:"annotations"`
	}{2, typeManifest, about, []descriptor{l.add(typeLayer, zipped(tree))}, labels})
	d.Platform = &platform{arch, "linux"}
	return d, err
}

// tar is the layout as one file.
func (l layout) tar(date time.Time) ([]byte, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(l)) {
		if err := writeFile(w, name, 0o644, l[name], date); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return b.Bytes(), err
}

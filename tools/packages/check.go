package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// check makes all once more, compares, and installs, runs and removes what is for this machine.
func (r release) check(ctx context.Context, out string, archs, made []string) error {
	again, err := os.MkdirTemp("", "packages-again-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(again)
	if _, err := r.make(ctx, again, archs); err != nil {
		return err
	}
	for _, name := range made {
		if err := same(filepath.Join(out, name), filepath.Join(again, name)); err != nil {
			return err
		}
	}
	fmt.Println("made twice: the same bytes")
	if !slices.Contains(archs, runtime.GOARCH) {
		return nil
	}
	for _, try := range []struct {
		what   string
		suffix string
		do     func(ctx context.Context, file, root string) (string, error)
	}{
		{"deb", "_" + runtime.GOARCH + ".deb", r.tryDeb}, {"rpm", "." + machine() + ".rpm", r.tryRPM}, {"apk", "_" + machine() + ".apk", r.tryUnpacked},
		{"tarball", "-linux-" + runtime.GOARCH + ".tar.gz", r.tryUnpacked}, {"image", "-oci.tar", r.tryImage},
	} {
		i := slices.IndexFunc(made, func(name string) bool { return strings.HasSuffix(name, try.suffix) })
		if i < 0 {
			return fmt.Errorf("%s: nothing ends in %s", try.what, try.suffix)
		}
		root, err := os.MkdirTemp("", "packages-root-")
		if err != nil {
			return err
		}
		said, err := try.do(ctx, filepath.Join(out, made[i]), root)
		if err := errors.Join(err, os.RemoveAll(root)); err != nil {
			return fmt.Errorf("%s: %w", try.what, err)
		}
		fmt.Printf("%s: %s\n", try.what, said)
	}
	return nil
}

// machine is what this machine is called by others than Go and Debian.
func machine() string {
	return map[string]string{"amd64": "x86_64", "arm64": "aarch64"}[runtime.GOARCH]
}

// same compares two files.
func same(a, b string) error {
	one, err := os.ReadFile(a)
	if err != nil {
		return err
	}
	other, err := os.ReadFile(b)
	if err != nil {
		return err
	}
	if !bytes.Equal(one, other) {
		return fmt.Errorf("%s: made twice, and not the same", filepath.Base(a))
	}
	return nil
}

// runsBelow runs the program that is installed below a folder, and looks for the version that it should have.
func (r release) runsBelow(ctx context.Context, root string) error {
	var found string
	for _, name := range []string{"usr/bin/viamillipede", "bin/viamillipede"} {
		if all, _ := filepath.Glob(filepath.Join(root, name)); all != nil {
			found = all[0]
		}
		if all, _ := filepath.Glob(filepath.Join(root, "*", name)); all != nil && found == "" {
			found = all[0]
		}
	}
	if found == "" {
		return errors.New("the program is not there")
	}
	text, err := exec.CommandContext(ctx, found, "version").Output()
	if err != nil {
		return err
	}
	if want := "viamillipede " + r.version + ", "; !strings.HasPrefix(string(text), want) {
		return fmt.Errorf("it says %q, not %q", text, want)
	}
	return nil
}

// gone checks that nothing of the package is left below a folder.
func gone(root string) error {
	return filepath.WalkDir(root, func(name string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() && strings.Contains(e.Name(), "viamillipede") && !strings.Contains(name, "/var/lib/") {
			return fmt.Errorf("%s is left", strings.TrimPrefix(name, root))
		}
		return err
	})
}

// tryDeb installs a package with dpkg, and removes it.
func (r release) tryDeb(ctx context.Context, file, root string) (string, error) {
	if _, err := exec.LookPath("dpkg"); err != nil {
		return "not tried, there is no dpkg here", nil
	}
	admin := filepath.Join(root, "var/lib/dpkg")
	err := errors.Join(os.Mkdir(filepath.Join(root, "etc"), 0o755), os.MkdirAll(filepath.Join(admin, "info"), 0o755), os.MkdirAll(filepath.Join(admin, "updates"), 0o755),
		os.WriteFile(filepath.Join(admin, "status"), nil, 0o644))
	if err != nil {
		return "", err
	}
	dpkg := func(words ...string) error {
		return r.runs(ctx, nil, "dpkg", append([]string{"--root=" + root, "--force-script-chrootless", "--force-not-root", "--log=/dev/null"}, words...)...)
	}
	if err := dpkg("--install", file); err != nil {
		return "", err
	}
	if err := errors.Join(r.runsBelow(ctx, root), r.tryUnits(ctx, root)); err != nil {
		return "", err
	}
	if err := dpkg("--purge", "viamillipede"); err != nil {
		return "", err
	}
	return "installed, run and removed", gone(root)
}

// exposed is how exposed the service may be, in tenths, as systemd-analyze security counts it: 10.0 is everything.
const exposed = "30"

// tryUnits has systemd look at the units of the package, if it is here.
func (r release) tryUnits(ctx context.Context, root string) error {
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		return nil
	}
	unit := filepath.Join(root, "usr/lib/systemd/system/viamillipede-rx@.service")
	err := r.runs(ctx, nil, "systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold="+exposed, unit)
	if err != nil {
		return fmt.Errorf("the service is more exposed than %s tenths: %w", exposed, err)
	}
	return nil
}

// tryRPM installs a package with rpm, and removes it.
func (r release) tryRPM(ctx context.Context, file, root string) (string, error) {
	if _, err := exec.LookPath("rpm"); err != nil {
		return "not tried, there is no rpm here", nil
	}
	rpm := func(words ...string) error {
		return r.runs(ctx, nil, "rpm", append([]string{"--root=" + root}, words...)...)
	}
	if err := rpm("--initdb"); err != nil {
		return "", err
	}
	if err := rpm("--install", "--noscripts", "--nodeps", "--nosignature", file); err != nil {
		return "", err
	}
	if err := r.runsBelow(ctx, root); err != nil {
		return "", err
	}
	if err := rpm("--erase", "--noscripts", "viamillipede"); err != nil {
		return "", err
	}
	return "installed, run and removed", gone(root)
}

// tryUnpacked unpacks a compressed tar, of which there may be several in one file, as in a package of Alpine, and runs the program.
func (r release) tryUnpacked(ctx context.Context, file, root string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return "", err
	}
	if err := unpack(z, root); err != nil {
		return "", err
	}
	return "unpacked and run", r.runsBelow(ctx, root)
}

// unpack writes the files of a tar below a folder.
func unpack(from io.Reader, root string) error {
	for t := tar.NewReader(from); ; {
		h, err := t.Next()
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		case h.Typeflag != tar.TypeReg:
			continue
		}
		if !filepath.IsLocal(h.Name) {
			return fmt.Errorf("%s would be outside", h.Name)
		}
		data, err := io.ReadAll(t)
		if err != nil {
			return err
		}
		to := filepath.Join(root, h.Name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(to), 0o755), os.WriteFile(to, data, h.FileInfo().Mode())); err != nil {
			return err
		}
	}
}

// tryImage unpacks an image as an engine for containers does, blob by blob, each with its digest, and runs the program.
func (r release) tryImage(ctx context.Context, file, root string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer f.Close()
	blobs, tree := filepath.Join(root, "layout"), filepath.Join(root, "tree")
	if err := unpack(f, blobs); err != nil {
		return "", err
	}
	var manifest struct{ Layers []descriptor }
	if err := follow(blobs, "index.json", &manifest); err != nil {
		return "", err
	}
	for _, d := range manifest.Layers {
		data, err := blob(blobs, d)
		if err != nil {
			return "", err
		}
		z, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			return "", err
		}
		if err := unpack(z, tree); err != nil {
			return "", err
		}
	}
	return "unpacked and run", r.runsBelow(ctx, tree)
}

// follow reads indexes from a file on, down to the manifest for this machine.
func follow(blobs, name string, manifest any) error {
	data, err := os.ReadFile(filepath.Join(blobs, name))
	for {
		var all struct{ Manifests []descriptor }
		if err := errors.Join(err, json.Unmarshal(data, &all)); err != nil {
			return err
		}
		if len(all.Manifests) == 0 {
			return json.Unmarshal(data, manifest)
		}
		i := slices.IndexFunc(all.Manifests, func(d descriptor) bool {
			return d.Platform == nil || d.Platform.Architecture == runtime.GOARCH
		})
		if i < 0 {
			return fmt.Errorf("no image for %s", runtime.GOARCH)
		}
		data, err = blob(blobs, all.Manifests[i])
	}
}

// blob reads a blob and checks its digest and its size.
func blob(blobs string, d descriptor) ([]byte, error) {
	sum, ok := strings.CutPrefix(d.Digest, "sha256:")
	if !ok || !filepath.IsLocal(sum) {
		return nil, fmt.Errorf("the digest %q", d.Digest)
	}
	data, err := os.ReadFile(filepath.Join(blobs, "blobs/sha256", sum))
	if err == nil && (len(data) != d.Size || fmt.Sprintf("%x", sha256.Sum256(data)) != sum) {
		err = fmt.Errorf("the blob %s is not what its name says", sum)
	}
	return data, err
}

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestSidechainPrograms: what each program makes of legs, those that grow included, its counterpart undoes.
func TestSidechainPrograms(t *testing.T) {
	in := bytes.Repeat([]byte("zfs send dozer/visage@now | viamillipede tx host1.40g tx host1.10g\n"), 4000)
	const cipher = " -aes-256-ctr -pbkdf2 -iter 1 -pass pass:secret"
	for there, back := range map[string]string{
		"gzip -1": "gzip -d", "bzip2 -1": "bzip2 -d", "xz -0": "xz -d", "zstd -1": "zstd -d", "lz4": "lz4 -d", "base64": "base64 -d", "xxd": "xxd -r",
		"openssl enc -e" + cipher: "openssl enc -d" + cipher, "tr a-z n-za-m": "tr n-za-m a-z",
	} {
		program, _, _ := strings.Cut(there, " ")
		t.Run(program, func(t *testing.T) {
			t.Parallel()
			if _, err := exec.LookPath(program); err != nil {
				t.Skip(err)
			}
			dir, port := t.TempDir(), freshPort(t)
			source, sink := filepath.Join(dir, "in"), filepath.Join(dir, "out")
			if err := os.WriteFile(source, in, 0o600); err != nil {
				t.Fatal(err)
			}
			rx := background(t, "viamillipede", "rx", port, "file", sink, "sidechain", back)
			tx := background(t, "viamillipede", "tx", "localhost", port, "file", source, "sidechain", there, "leg", "64k", "threads", "2")
			tx.ends(t, 0, "")
			rx.ends(t, 0, "")
			if out, err := os.ReadFile(sink); err != nil || !bytes.Equal(out, in) {
				t.Errorf("%d bytes came out of %d: %v", len(out), len(in), err)
			}
		})
	}
}

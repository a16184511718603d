package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"viamillipede/engine"
	"viamillipede/engine/sidechain"
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

// TestSidechainLimit: how long a command may take for a leg is what the user says with giveup, also if that is its default.
func TestSidechainLimit(t *testing.T) {
	for line, want := range map[string]time.Duration{
		"tx h sidechain cat":             time.Minute,
		"tx h sidechain cat giveup 3600": time.Hour,
		"giveup 5 tx h sidechain cat":    5 * time.Second,
		"tx h sidechain cat giveup 0":    0,
	} {
		inv, err := parse(strings.Fields(line))
		if err != nil {
			t.Fatal(err)
		}
		if got := inv.limitOf(); got != want {
			t.Errorf("%s: %v, want %v", line, got, want)
		}
	}
}

// TestSidechainDescriptors: what the processes of a chain need is taken from what the links may have, and where that is little, fewer
// are at work.
func TestSidechainDescriptors(t *testing.T) {
	cpus := sidechain.Workers(0)
	for _, c := range []struct {
		line        string
		files       int
		most, taken int
	}{
		{"tx h sidechain cat", 1 << 16, cpus, cpus * 2 * filesOfProcess},
		{"tx h sidechain cat sidechain cat", 1 << 16, cpus, cpus * 4 * filesOfProcess},
		{"tx h sidechain cat", 30, 1, 2 * filesOfProcess},
		{"tx h sidechain zstd", 30, 0, 0},
		{"tx h sidechain cat", 0, 0, 0}, // there is no limit
	} {
		inv, err := parse(strings.Fields(c.line))
		if err != nil {
			t.Fatal(err)
		}
		m := engine.Means{Files: c.files}
		chain, err := inv.arm(inv.chains.tx, true, &m, func(string) {})
		if err != nil {
			t.Fatal(err)
		}
		if chain.Most != c.most || m.Aside != c.taken {
			t.Errorf("%s, %d descriptors: %d at a time, %d descriptors", c.line, c.files, chain.Most, m.Aside)
		}
		chain.End()
	}
}

// TestSidechainTables: where memory is little, so are the coders with large tables.
func TestSidechainTables(t *testing.T) {
	cpus := sidechain.Workers(0)
	for _, c := range []struct {
		line   string
		memory int64
		most   int
	}{
		{"tx h sidechain zstd:4", 60 << 20, 1},
		{"tx h sidechain zstd", 20 << 20, 1},
		{"tx h sidechain zstd:4", 1 << 40, 0},
		{"tx h sidechain zstd:4", 0, 0}, // there is no limit
		{"tx h sidechain cat", 20 << 20, 0},
	} {
		inv, err := parse(strings.Fields(c.line))
		if err != nil {
			t.Fatal(err)
		}
		m := engine.Means{Memory: c.memory}
		chain, err := inv.arm(inv.chains.tx, true, &m, func(string) {})
		if err != nil {
			t.Fatal(err)
		}
		if most := chain.Most; most != c.most && (cpus > 1 || most > 1) {
			t.Errorf("%s, %d bytes: %d at a time, want %d", c.line, c.memory, most, c.most)
		}
		chain.End()
	}
}

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// filePatience bounds one run of a program in the tests of files.
const filePatience = 2 * time.Minute

// tried is a viamillipede in the background.
type tried struct {
	*exec.Cmd
	said bytes.Buffer
}

// background starts a program, which is killed at the end of the test at the latest.
func background(t *testing.T, words ...string) *tried {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), filePatience)
	t.Cleanup(cancel)
	r := &tried{Cmd: exec.CommandContext(ctx, words[0], words[1:]...)}
	r.Stdout, r.Stderr = &r.said, &r.said
	if err := r.Start(); err != nil {
		t.Fatal(err)
	}
	return r
}

// status is how it ended; -1: by a signal.
func (r *tried) status() int {
	_ = r.Wait()
	return r.ProcessState.ExitCode()
}

// ends checks how it ended, and what it said.
func (r *tried) ends(t *testing.T, status int, said string) {
	t.Helper()
	if got := r.status(); got != status || !strings.Contains(r.said.String(), said) {
		t.Errorf("%v\nstatus %d, want %d, with %q; it said:\n%s", r.Args, got, status, said, r.said.String())
	}
}

// freshPort is one that no other test uses.
func freshPort(t *testing.T) string {
	t.Helper()
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	return strconv.Itoa(port)
}

// random writes a file of so many bytes, with a hole of a third of it in the middle.
func random(t *testing.T, name string, bytes int64, r *rand.Rand) {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	third := make([]byte, bytes/3)
	for _, at := range []int64{0, bytes - int64(len(third))} {
		for i := 0; i+8 <= len(third); i += 8 {
			v := r.Uint64()
			for j := range 8 {
				third[i+j] = byte(v >> (8 * j))
			}
		}
		if _, err := f.WriteAt(third, at); err != nil {
			t.Fatal(err)
		}
	}
}

// alike checks that two files are the same.
func alike(t *testing.T, a, b string) {
	t.Helper()
	x, err := os.ReadFile(a)
	if err != nil {
		t.Fatal(err)
	}
	y, err := os.ReadFile(b)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(x, y) {
		t.Errorf("%s and %s differ", a, b)
	}
}

// TestResumeKilled: either end is killed, or both, at moments drawn from a seed, again and again; links are cut besides. What comes out
// in the end is what went in, and until then there is what was there before.
func TestResumeKilled(t *testing.T) {
	const kills = 6
	for seed := range uint64(4) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(seed, 15))
			dir := t.TempDir()
			from, to := filepath.Join(dir, "from"), filepath.Join(dir, "to")
			random(t, from, 48<<20, r)
			if err := os.WriteFile(to, []byte("old"), 0o600); err != nil {
				t.Fatal(err)
			}
			d := eitherDials(t)[seed%2]
			both := func(chaos string) (rx, tx *tried) {
				return d.both(t, []string{"file", to, "resume"},
					[]string{"file", from, "resume", "delayus", "4000", "chaos", chaos, "leg", "256k", "verbose", "1"})
			}
			size := func(name string) int64 {
				is, err := os.Stat(name)
				if err != nil {
					return 0
				}
				return is.Size()
			}
			done, part := 0, filepath.Join(dir, ".to.viamillipede-part")
			for i := range kills {
				rx, tx := both("20")
				if i == 0 { // on a busy machine all others may come too soon to leave anything
					until(t, "some of it is there", func() bool { return size(part) > 8<<20 || size(to) != 3 })
				}
				time.Sleep(time.Duration(20+r.IntN(250)) * time.Millisecond) // the moment of the kill, drawn from the seed
				victims := [][]*tried{{rx}, {tx}, {rx, tx}}[r.IntN(3)]
				for _, v := range victims {
					_ = v.Process.Kill()
				}
				for _, v := range []*tried{rx, tx} {
					_ = v.Process.Signal(syscall.SIGINT)
				}
				a, b := rx.status(), tx.status()
				if b == 0 && a > 0 {
					t.Errorf("tx succeeds, and rx ends with %d", a)
				}
				if was, err := os.ReadFile(to); err != nil || len(was) != 3 {
					done++
					alike(t, from, to)
					_ = os.WriteFile(to, []byte("old"), 0o600)
				}
			}
			rx, tx := both("1000")
			tx.ends(t, 0, "")
			rx.ends(t, 0, "")
			alike(t, from, to)
			if left, _ := filepath.Glob(filepath.Join(dir, ".*part")); len(left) > 0 {
				t.Errorf("%v is left", left)
			}
			if done == 0 && strings.Contains(tx.said.String(), " 0 B are there already") {
				t.Errorf("nothing of %d runs was left:\n%s", kills, tx.said.String())
			}
			t.Logf("whole after %d of %d kills", done, kills)
		})
	}
}

// TestFileChanges: a file that changes while it is sent is never taken for a whole one, at either end, and what was there stays.
func TestFileChanges(t *testing.T) {
	const size = 6 << 20
	for _, c := range []struct {
		name, said string
		change     func(name string) error
	}{
		{"grows", "changed while it was sent: it had 6291456 bytes, and has 6291460", func(name string) error {
			f, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND, 0)
			if err == nil {
				_, err = f.WriteString("more")
				f.Close()
			}
			return err
		}},
		{"shrinks", "while it was sent: it had 6291456 bytes, and has 1000", func(name string) error { return os.Truncate(name, 1000) }},
		{"written to", "changed while it was sent: it was written to at", func(name string) error {
			f, err := os.OpenFile(name, os.O_WRONLY, 0)
			if err == nil {
				_, err = f.WriteAt([]byte("x"), size-1)
				f.Close()
			}
			return err
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			from, to := filepath.Join(dir, "from"), filepath.Join(dir, "to")
			random(t, from, size, rand.New(rand.NewPCG(1, 1)))
			if err := os.WriteFile(to, []byte("old"), 0o600); err != nil {
				t.Fatal(err)
			}
			port := freshPort(t)
			rx := background(t, "viamillipede", "rx", port, "file", to)
			tx := background(t, "viamillipede", "tx", "localhost", port, "file", from, "delayus", "20000", "leg", "64k", "threads", "2")
			part := filepath.Join(dir, ".to.viamillipede-part")
			until(t, "something has come", func() bool {
				is, err := os.Stat(part)
				return err == nil && is.Size() > 0
			})
			if err := c.change(from); err != nil {
				t.Fatal(err)
			}
			tx.ends(t, 4, c.said)
			rx.ends(t, 4, "what has come is kept in "+part)
			if was, err := os.ReadFile(to); err != nil || string(was) != "old" {
				t.Errorf("the old file has %d bytes: %v", len(was), err)
			}
		})
	}
}

// until waits for a condition that a program brings about.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(filePatience / 2); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not in time: %s", what)
		}
	}
}

// TestPartMeddled: somebody else is at the part in the middle of a stream. Both ends fail, and what was there stays.
func TestPartMeddled(t *testing.T) {
	for _, c := range []struct {
		name, said string
		meddle     func(part string) error
	}{
		{"removed", "what has come is lost: somebody else has removed, renamed or replaced", os.Remove},
		{"replaced", "what has come is lost: somebody else has removed, renamed or replaced", func(part string) error {
			return errors.Join(os.WriteFile(part+"2", []byte("evil"), 0o600), os.Rename(part+"2", part))
		}},
		{"folder renamed", "has been removed or renamed", func(part string) error {
			return os.Rename(filepath.Dir(part), filepath.Dir(part)+"2")
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "d")
			to, part := filepath.Join(dir, "to"), filepath.Join(dir, ".to.viamillipede-part")
			if err := errors.Join(os.Mkdir(dir, 0o700), os.WriteFile(to, []byte("old"), 0o600)); err != nil {
				t.Fatal(err)
			}
			port := freshPort(t)
			rx := background(t, "viamillipede", "rx", port, "file", to)
			tx := background(t, "sh", "-c", `{ echo begins; until [ -e "$0" ]; do sleep 0.01; done; echo ends; } | viamillipede tx localhost "$1"`, dir+".go", port)
			until(t, "something has come", func() bool {
				is, err := os.Stat(part)
				return err == nil && is.Size() > 0
			})
			if err := c.meddle(part); err != nil {
				t.Fatal(err)
			}
			if c.name == "removed" {
				background(t, "viamillipede", "rx", freshPort(t), "file", to).ends(t, 6, "is being received by another program")
			}
			if err := os.WriteFile(dir+".go", nil, 0o600); err != nil {
				t.Fatal(err)
			}
			tx.ends(t, 7, "cannot end")
			rx.ends(t, 6, c.said)
			if was, err := os.ReadFile(to); err == nil && string(was) != "old" {
				t.Errorf("the old file holds %q", was)
			}
		})
	}
}

// TestFullDisk: both ends say that the disk is full, and rx where the part is. A consumer that finds it full fails both.
func TestFullDisk(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("a small disk is mounted, which needs root")
	}
	dir := t.TempDir()
	from := filepath.Join(dir, "from")
	random(t, from, 24<<20, rand.New(rand.NewPCG(2, 2)))
	disk := filepath.Join(dir, "disk")
	if err := os.Mkdir(disk, 0o700); err != nil {
		t.Fatal(err)
	}
	onDisk := []string{"unshare", "-m", "sh", "-c", `mount -t tmpfs -o size=4m none "$0" && exec "$@"`, disk}
	for _, d := range eitherDials(t) {
		d.rx = slices.Concat(onDisk, d.rx)
		t.Run("file, "+d.who, func(t *testing.T) {
			rx, tx := d.both(t, []string{"file", disk + "/to"}, []string{"file", from})
			tx.ends(t, 7, "no space left on device")
			rx.ends(t, 6, "cannot write "+disk+"/to: ")
			if want := "what has come is kept in " + disk + "/.to.viamillipede-part"; !strings.Contains(rx.said.String(), want) {
				t.Errorf("it did not say %q:\n%s", want, rx.said.String())
			}
		})
		t.Run("exec, "+d.who, func(t *testing.T) {
			rx, tx := d.both(t, []string{"exec", "cat >" + disk + "/to"}, []string{"file", from})
			tx.ends(t, 7, "exited with status 1")
			rx.ends(t, 6, "exited with status 1")
		})
	}
}

// TestNoPermission: a folder that cannot be written to, and a file that cannot be read, cost one line.
func TestNoPermission(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("the programs get another user, which needs root")
	}
	dir := t.TempDir()
	for d := dir; d != "/"; d = filepath.Dir(d) {
		if is, err := os.Stat(d); err != nil || is.Mode()&1 == 0 {
			_ = os.Chmod(d, 0o711)
		}
	}
	secret := filepath.Join(dir, "secret")
	if err := os.WriteFile(secret, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	as := func(words ...string) *tried {
		t.Helper()
		name, err := exec.LookPath(words[0])
		if err != nil {
			t.Skip(err)
		}
		copied := filepath.Join(dir, words[0])
		if b, err := os.ReadFile(name); err != nil || os.WriteFile(copied, b, 0o755) != nil {
			t.Skip("the program cannot be copied to where the other user finds it")
		}
		return background(t, append([]string{"setpriv", "--reuid=65534", "--clear-groups", copied}, words[1:]...)...)
	}
	as("viamillipede", "tx", "localhost", freshPort(t), "file", secret).ends(t, 6, "cannot read "+secret+": permission denied")
	as("viamillipede", "tx", freshPort(t), "file", secret).ends(t, 6, "cannot read "+secret+": permission denied")
	as("viamillipede", "rx", freshPort(t), "file", filepath.Join(dir, "new")).ends(t, 6, "/new cannot be written: permission denied")
	as("viamillipede", "rx", "localhost", freshPort(t), "file", filepath.Join(dir, "new")).ends(t, 6, "/new cannot be written: permission denied")
}

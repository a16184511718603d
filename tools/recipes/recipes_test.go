// Package recipes_test runs the recipes on this machine, for "make recipes": what runs a command on another host runs it here.
package recipes_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// soon bounds each recipe.
const soon = time.Minute

var program string

// TestMain builds the program once.
func TestMain(m *testing.M) {
	if os.Getenv("VIAMILLIPEDE_RECIPES") == "" {
		fmt.Println("skipped: run by make recipes")
		return
	}
	dir, err := os.MkdirTemp("", "recipes-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	program = filepath.Join(dir, "viamillipede")
	build := exec.Command("go", "build", "-buildvcs=false", "-o", program, "viamillipede/cmd/viamillipede")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	status := 1
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "go build: %v\n%s", err, out)
	} else {
		status = m.Run()
	}
	os.RemoveAll(dir)
	os.Exit(status)
}

// bed is a folder with programs that stand for those of a cluster, and a port.
type bed struct {
	t    *testing.T
	dir  string
	port string
	env  []string
}

func newBed(t *testing.T) *bed {
	t.Helper()
	b := &bed{t: t, dir: t.TempDir(), port: freePort(t)}
	b.script("remote", "shift; exec sh -c \"$*\"\n")
	b.script("srun", "while :; do case $1 in --*) shift ;; *) break ;; esac; done; exec \"$@\"\n")
	b.script("scontrol", "printf '127.0.0.1\\n127.0.0.2\\n'\n")
	b.env = append(os.Environ(), "PATH="+b.dir+":"+os.Getenv("PATH"), "PROGRAM="+program, "REMOTE=remote", "PORT="+b.port, "PAUSE=0", "ATTEMPTS=3",
		"SLURM_JOB_NODELIST=n[1-2]", "STATE="+b.path("state"))
	return b
}

// freePort finds a port that nobody listens on, below those that the kernel gives to outgoing connections: one of these could take it.
func freePort(t *testing.T) string {
	t.Helper()
	for range 100 {
		port := fmt.Sprint(10000 + rand.IntN(20000))
		if l, err := net.Listen("tcp", ":"+port); err == nil {
			l.Close()
			return port
		}
	}
	t.Fatal("no free port found")
	return ""
}

func (b *bed) path(name string) string { return filepath.Join(b.dir, name) }

func (b *bed) script(name, text string) {
	b.t.Helper()
	b.write(name, "#!/bin/sh\n"+text, 0o755)
}

func (b *bed) write(name, text string, mode os.FileMode) {
	b.t.Helper()
	if err := os.WriteFile(b.path(name), []byte(text), mode); err != nil {
		b.t.Fatal(err)
	}
}

// command is a recipe, or a program, that ends with the test and whose children do, too.
func (b *bed) command(name string, words ...string) *exec.Cmd {
	b.t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		b.t.Skipf("there is no %s here", name)
	}
	ctx, cancel := context.WithTimeout(context.Background(), soon)
	b.t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, name, words...)
	cmd.Env, cmd.SysProcAttr = b.env, &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = soon // what a recipe leaves may take a while to end
	return cmd
}

// run runs a recipe and returns its exit status and what it said.
func (b *bed) run(name string, words ...string) (status int, said string) {
	b.t.Helper()
	out, err := b.command(name, words...).CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		b.t.Fatalf("%s: %v\n%s", name, err, out)
	}
	if exit != nil {
		return exit.ExitCode(), string(out)
	}
	return 0, string(out)
}

// has fails unless a file has this text.
func (b *bed) has(name, want string) {
	b.t.Helper()
	got, err := os.ReadFile(b.path(name))
	if err != nil {
		b.t.Fatal(err)
	}
	if !bytes.Equal(got, []byte(want)) {
		b.t.Errorf("%s: %d bytes, want %d others", name, len(got), len(want))
	}
}

var payload = strings.Repeat("0123456789abcdef", 1<<16)

// odd is a name that a shell could take for something else.
const odd = "it's \"$HOME\" `id` \\"

func TestFolder(t *testing.T) {
	b, from := newBed(t), odd+" from"
	if err := os.MkdirAll(b.path(from+"/sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	b.write(from+"/sub/file", payload, 0o600)
	if status, said := b.run("./folder.sh", b.path(from), "127.0.0.1", b.path(odd), b.port); status != 0 {
		t.Fatalf("status %d\n%s", status, said)
	}
	b.has(odd+"/sub/file", payload)
	if status, said := b.run("./folder.sh", b.path("nowhere"), "127.0.0.1", b.path("to2"), b.port); status == 0 {
		t.Errorf("a folder that is not there is no failure\n%s", said)
	}
}

// The first attempt finds a receiver that fails, and the second one loses the way to it at its end; the next one has all.
func TestImage(t *testing.T) {
	b := newBed(t)
	b.write("image", payload, 0o600)
	b.script("remote", `shift
echo >>"`+b.path("tried")+`"
case $(wc -l <"`+b.path("tried")+`") in
1) set -- "exec `+program+` rx `+b.port+` exec 'exit 9'" ;;
2) sh -c "$*"; exit 255 ;;
esac
exec sh -c "$*"
`)
	if status, said := b.run("./image.sh", b.path("image"), "127.0.0.1", b.path(odd), b.port); status != 0 {
		t.Fatalf("status %d\n%s", status, said)
	}
	b.has(odd, payload)
	b.has("tried", "\n\n\n")
	if status, said := b.run("./image.sh", b.path("missing"), "127.0.0.1", b.path(odd), b.port); status == 0 {
		t.Errorf("an image that is not there is no failure\n%s", said)
	}
	b.has(odd, payload)
}

func TestNightly(t *testing.T) {
	b := newBed(t)
	b.write("image", payload, 0o600)
	rx := b.command(program, "rx", b.port, "file", b.path("copy"))
	if err := rx.Start(); err != nil {
		t.Fatal(err)
	}
	status, said := b.run("./nightly.sh", b.path("image"), "127.0.0.1", b.port)
	if err := rx.Wait(); err != nil || status != 0 || said != "" {
		t.Fatalf("status %d, %v\n%s", status, err, said)
	}
	b.has("copy", payload)
	if _, err := os.Stat(b.path("state/last.json")); err != nil {
		t.Error(err)
	}
	if status, said := b.run("./nightly.sh", b.path("missing"), "127.0.0.1", b.port); status == 0 || said == "" {
		t.Errorf("status %d, and it says %q", status, said)
	}
	lock, err := os.OpenFile(b.path("state/lock"), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	if status, said := b.run("./nightly.sh", b.path("image"), "127.0.0.1", b.port); status != 75 {
		t.Errorf("a second one beside the first: status %d\n%s", status, said)
	}
}

func TestSlurm(t *testing.T) {
	b := newBed(t)
	b.write("image", payload, 0o600)
	if status, said := b.run("./slurm.sh", b.path("image"), b.path("copy")); status != 0 {
		t.Fatalf("status %d\n%s", status, said)
	}
	b.has("copy", payload)
	if status, said := b.run("./slurm.sh", b.path("missing"), b.path("copy2")); status == 0 {
		t.Errorf("a file that is not there is no failure\n%s", said)
	}
}

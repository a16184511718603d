package child

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"viamillipede/netio/host"
)

// soon bounds waits, in tests that do not hang.
const soon = 15 * time.Second

// parentOf makes this binary a process that starts a command, which a test can kill.
const parentOf = "VIAMILLIPEDE_TEST_PARENT_OF"

func TestMain(m *testing.M) {
	Keep()
	if command := os.Getenv(parentOf); command != "" {
		os.Unsetenv(parentOf)
		c, err := New(command, true, true)
		if err == nil {
			err = c.Start()
		}
		if err != nil {
			panic(err)
		}
		_, _ = os.Stdout.ReadFrom(os.NewFile(uintptr(c.Source()), "source"))
		select {}
	}
	os.Exit(m.Run())
}

// start starts a command with both pipes; it is ended with the test.
func start(t *testing.T, command string) (c *Child, says *bufio.Scanner) {
	t.Helper()
	c, err := New(command, true, true)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start("GREETING=hello"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.End(); c.Close() })
	return c, bufio.NewScanner(os.NewFile(uintptr(c.Source()), "source"))
}

// line is what the command says next; a process id, if it is asked for one.
func line(t *testing.T, says *bufio.Scanner) string {
	t.Helper()
	if !says.Scan() {
		t.Fatal("it says nothing")
	}
	return says.Text()
}

// dies waits until a process is gone, or is a zombie that nobody has to care for.
func dies(t *testing.T, pid string) {
	t.Helper()
	for end := time.Now().Add(soon); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		stat, err := os.ReadFile(filepath.Join("/proc", pid, "stat"))
		if err != nil || strings.Contains(string(stat), ") Z ") {
			return
		}
	}
	t.Errorf("process %s lives on", pid)
}

func exits(t *testing.T, c *Child, want string) {
	t.Helper()
	ctx, end := context.WithTimeout(context.Background(), soon)
	defer end()
	switch err := c.Exit(ctx); {
	case err == nil && want != "":
		t.Errorf("it exits with 0, want %q", want)
	case err != nil && (want == "" || !strings.Contains(err.Error(), want)):
		t.Errorf("%v, want %q", err, want)
	}
}

// A program reads and writes, and sees the end of its input once it is released.
func TestChildReadsAndWrites(t *testing.T) {
	c, says := start(t, `echo $GREETING; cat`)
	if s := line(t, says); s != "hello" {
		t.Errorf("it says %q", s)
	}
	if _, err := syscall.Write(c.Sink(), []byte("there\n")); err != nil {
		t.Fatal(err)
	}
	if s := line(t, says); s != "there" {
		t.Errorf("it says %q", s)
	}
	syscall.Close(c.Sink())
	c.sink = -1
	if err := c.Release(context.Background()); err != nil {
		t.Fatal(err)
	}
	exits(t, c, "")
	if says.Scan() {
		t.Errorf("it says %q", says.Text())
	}
}

// How a program ends is told.
func TestChildExits(t *testing.T) {
	for command, want := range map[string]string{
		"exit 3": "exec 'exit 3' exited with status 3", "kill -TERM $$": "was ended by signal 15 (terminated)",
		"/nosuch/program": "status 127 (no such program)", "/dev/null": "status 126 (a program that cannot be run)", "true": "",
	} {
		c, _ := start(t, command)
		exits(t, c, want)
	}
}

// A program that fails takes along what it has started, which may hold the stream's pipe.
func TestChildFailsWhole(t *testing.T) {
	c, says := start(t, `sleep 1000 & echo $!; exit 4`)
	pid := line(t, says)
	exits(t, c, "status 4")
	dies(t, pid)
	if says.Scan() {
		t.Error("somebody has the pipe")
	}
}

// End ends the whole group, one that is stopped too, and one that does not care for SIGTERM.
func TestChildEnds(t *testing.T) {
	for name, command := range map[string]string{
		"plain":    `sleep 1000 & echo $!; echo $$; wait`,
		"stopped":  `sleep 1000 & echo $!; echo $$; kill -STOP $! $$; sleep 1000`,
		"stubborn": `trap "" TERM; sleep 1000 & echo $!; echo $$; wait`,
		"all":      `sleep 1000 & echo $!; echo $$; kill -STOP 0; sleep 1000`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, says := start(t, command)
			pids := []string{line(t, says), line(t, says)}
			begun := time.Now()
			c.End()
			if took := time.Since(begun); name == "plain" && took > Grace/2 {
				t.Errorf("it took %v", took)
			}
			for _, pid := range pids {
				dies(t, pid)
			}
			exits(t, c, "ended")
		})
	}
}

// A program that has been ended before does not start.
func TestChildEndsBefore(t *testing.T) {
	c, err := New("true", true, false)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.End()
	if err := c.Start(); err == nil {
		t.Error("it starts")
	}
}

// Whoever is killed, nothing is left: the keeper, or the process that the program was started by. No consumer takes that for the end of
// its input.
func TestChildDiesWithItsKeeper(t *testing.T) {
	whole := filepath.Join(t.TempDir(), "whole")
	c, says := start(t, `sleep 1000 & echo $!; echo $$; cat; touch `+whole)
	pids := []string{line(t, says), line(t, says)}
	if err := syscall.Kill(c.pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	exits(t, c, "was ended together with its keeper")
	for _, pid := range pids {
		dies(t, pid)
	}
	if _, err := os.Stat(whole); err == nil {
		t.Error("it has seen an end of its input")
	}
}

func TestChildDiesWithItsParent(t *testing.T) {
	whole := filepath.Join(t.TempDir(), "whole")
	parent := exec.Command("/proc/self/exe")
	parent.Env = append(os.Environ(), parentOf+`=sleep 1000 & echo $!; echo $$; echo $PPID; cat; touch `+whole)
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	says := bufio.NewScanner(out)
	pids := []string{line(t, says), line(t, says), line(t, says)}
	_ = parent.Process.Kill()
	_ = parent.Wait()
	for _, pid := range pids {
		dies(t, pid)
	}
	if _, err := os.Stat(whole); err == nil {
		t.Error("it has seen an end of its input")
	}
}

// The keeper's group and session are its own.
func TestChildHasItsOwnGroup(t *testing.T) {
	c, says := start(t, `ps -o pgid=,sid= -p $$`)
	want := strconv.Itoa(c.pid)
	if f := strings.Fields(line(t, says)); len(f) != 2 || f[0] != want || f[1] != want {
		t.Errorf("group and session are %v, want %s", f, want)
	}
}

// A program begins with the signals as any other does, whatever this process ignores.
func TestChildIgnoresNoSignal(t *testing.T) {
	signal.Ignore(syscall.SIGTTOU, syscall.SIGPIPE)
	defer signal.Reset(syscall.SIGTTOU, syscall.SIGPIPE)
	_, says := start(t, `exec grep SigIgn /proc/self/status`)
	mask, err := strconv.ParseUint(strings.TrimSpace(strings.TrimPrefix(line(t, says), "SigIgn:")), 16, 64)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []syscall.Signal{syscall.SIGTTOU, syscall.SIGPIPE} { // whoever runs the test may have others ignored
		if mask>>(s-1)&1 != 0 {
			t.Errorf("%v is ignored: %#x", s, mask)
		}
	}
}

// What people see of a command is one line of a size that fits a message.
func TestQuote(t *testing.T) {
	for command, want := range map[string]string{
		"cat":                   "exec 'cat'",
		"a\n\tb":                "exec 'a b'",
		"a\xff":                 "exec 'a?'",
		"\x1b[31mred\a":         "exec '?[31mred?'",
		strings.Repeat("ä", 60): "exec '" + strings.Repeat("ä", 50) + "...'",
	} {
		if got := Quote(command); got != want {
			t.Errorf("%q: %q, want %q", command, got, want)
		}
	}
}

// What is ours in the environment stands, whatever is there already.
func TestOwnEnvironment(t *testing.T) {
	t.Setenv("GREETING", "from outside")
	_, says := start(t, `echo "$GREETING"`)
	if s := line(t, says); s != "hello" {
		t.Errorf("%q", s)
	}
}

// A daemon that has a session of its own is nobody's concern: the end does not wait for it.
func TestDaemonIsNotWaitedFor(t *testing.T) {
	c, says := start(t, `setsid sh -c 'echo $$; exec sleep 100 >/dev/null 2>&1' </dev/null & read go`)
	pid := line(t, says)
	if _, err := syscall.Write(c.Sink(), []byte("go\n")); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	c.End()
	if took := time.Since(began); took > Grace/2 {
		t.Errorf("it took %v", took)
	}
	exec.Command("kill", pid).Run()
}

// What a program writes apart from its stream goes where it is wanted.
func TestDivert(t *testing.T) {
	c, err := New("echo out; echo err >&2", true, false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.End(); c.Close() })
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	c.Divert(int(w.Fd()))
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	says := bufio.NewScanner(r)
	if one, two := line(t, says), line(t, says); one != "out" || two != "err" {
		t.Errorf("it says %q, %q", one, two)
	}
}

// A keeper is not started where it would not get its threads, and a user is told what is too little.
func TestTooFewThreads(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"proc/self/cgroup":    "8:pids:/a\n0::/",
		"proc/self/mountinfo": "30 24 0:27 / /cg/pids rw - cgroup cgroup rw,pids",
		"proc/self/status":    "Name:\tx\nThreads:\t5",
		"cg/pids/a/pids.max":  "20", "cg/pids/a/pids.current": "11",
	} {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	const want = "this control group (pids.max) allows 9 more threads, and at least 10 are needed"
	if err := enough(host.Root(dir)); err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	if err := enough(host.Root(t.TempDir())); err != nil {
		t.Errorf("where nothing is known: %v", err)
	}
}

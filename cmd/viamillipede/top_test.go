package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// overviewOf shows what a program does that answers at a socket, on a terminal of 80 columns.
func overviewOf(t *testing.T, socket string) *onTerminal {
	t.Helper()
	o := newTerminal(t, 80, "top", socket)
	o.cmd.Stdin, o.cmd.Stdout = o.near, o.near
	o.cmd.Env = append(o.cmd.Env, "LC_ALL=C.UTF-8", "NO_COLOR=")
	o.cmd.SysProcAttr = nil // the kernel resets a terminal when the process ends that it controls
	return o
}

// modes are those of the terminal.
func (o *onTerminal) modes() unix.Termios {
	o.t.Helper()
	conn, err := o.near.SyscallConn()
	if err != nil {
		o.t.Fatal(err)
	}
	var is *unix.Termios
	if failed := conn.Control(func(fd uintptr) { is, err = unix.IoctlGetTermios(int(fd), unix.TCGETS) }); failed != nil || err != nil {
		o.t.Fatal(failed, err)
	}
	return *is
}

// press presses a key.
func (o *onTerminal) press(key string) {
	o.t.Helper()
	if _, err := o.far.WriteString(key); err != nil {
		o.t.Fatal(err)
	}
}

// waitingReceiver starts a receiver that nobody sends to, and gives its socket and its port.
func waitingReceiver(t *testing.T) (rx *tried, socket, port string) {
	t.Helper()
	port = freshPort(t)
	socket = filepath.Join(t.TempDir(), "control")
	return background(t, "viamillipede", "rx", port, "control", socket, "connect", "1000"), socket, port
}

// TestTop: the screen shows what runs, in the size of the terminal; keys choose, ask before they stop, and leave. The terminal is as it was
// then.
func TestTop(t *testing.T) {
	t.Parallel()
	rx, socket, port := waitingReceiver(t)
	o := overviewOf(t, socket)
	before := o.modes()
	o.start()
	o.await(0, "\x1b[?1049h\x1b[?25l")
	o.await(0, "rx "+port+" control ")
	o.await(0, "waiting for the peer ")
	o.await(0, "CPU ")

	seen := len(o.text())
	o.resize(40)
	if err := o.cmd.Process.Signal(syscall.SIGWINCH); err != nil {
		t.Fatal(err)
	}
	o.await(seen, "\x1b[2J")
	seen = len(o.text())
	o.press("?")
	o.await(seen, "choose a program or a path")
	o.press("x")
	o.resize(100)
	seen = len(o.text())
	o.press("s")
	o.await(seen, fmt.Sprintf("stop %d (rx %s)? y, ", rx.Process.Pid, port))
	o.press("n")
	o.await(seen, "q quit")
	seen = len(o.text())
	o.press("sy")
	o.await(seen, "ended with status 143")
	rx.ends(t, 143, "")
	o.await(seen, "no program of yours")
	o.press("q")
	if err := o.cmd.Wait(); err != nil {
		t.Errorf("%v:\n%q", err, o.text())
	}
	o.isAsItWas(before)
}

// TestTopSteers: keys change what can be changed while a stream runs, and the screen says what was and what is.
func TestTopSteers(t *testing.T) {
	t.Parallel()
	port := freshPort(t)
	socket := filepath.Join(t.TempDir(), "control")
	rx := background(t, "viamillipede", "rx", port, "exec", "cat >/dev/null")
	source := filepath.Join(t.TempDir(), "source")
	if err := syscall.Mkfifo(source, 0o600); err != nil {
		t.Fatal(err)
	}
	tx := background(t, "viamillipede", "tx", "localhost", port, "tx", "127.0.0.1", port, "threads", "4", "control", socket, "exec", "exec cat "+source)
	o := overviewOf(t, socket)
	o.start()
	o.await(0, "2/2 paths")
	for _, step := range []struct{ keys, says string }{
		{"j", "1 localhost:" + port},
		{"p", "path localhost:" + port + " was on, is off"},
		{"p", "path localhost:" + port + " was off, is on"},
		{"-", "rate of localhost:" + port + " was off, is 64K"},
		{"+", "rate of localhost:" + port + " was 64K, is 80K"},
		{"0", "rate of localhost:" + port + " was 80K, is off"},
		{"v", "verbose was 0, is 1"},
		{"<", "spill of localhost:" + port + " was 500, is 200"},
		{">", "spill of localhost:" + port + " was 200, is 500"},
		{"T", "threads was 4, is 3"},
		{"t", "threads was 3, is 4"},
		{"t", "at most 4: the stream began with so many"},
		{"G", "giveup was 3600, is 900"},
		{"g", "giveup was 900, is 3600"},
		{"k-", "limit was off, is 64K"},
	} {
		seen := len(o.text())
		o.press(step.keys)
		o.await(seen, step.says)
	}
	o.press("q")
	if err := o.cmd.Wait(); err != nil {
		t.Errorf("%v:\n%q", err, o.text())
	}
	if err := os.WriteFile(source, nil, 0); err != nil { // its end
		t.Fatal(err)
	}
	tx.ends(t, 0, "")
	rx.ends(t, 0, "")
}

// isAsItWas demands that the terminal is left as it was.
func (o *onTerminal) isAsItWas(before unix.Termios) {
	o.t.Helper()
	o.await(0, "\x1b[?25h\x1b[?1049l")
	if is := o.modes(); !reflect.DeepEqual(is, before) {
		o.t.Errorf("modes %+v, want %+v", is, before)
	}
}

// TestTopIsEnded: whatever ends it, the terminal is as it was, and after ^Z it goes on.
func TestTopIsEnded(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(o *onTerminal){
		"SIGTERM": func(o *onTerminal) { _ = o.cmd.Process.Signal(syscall.SIGTERM) },
		"SIGHUP":  func(o *onTerminal) { _ = o.cmd.Process.Signal(syscall.SIGHUP) },
		"SIGQUIT": func(o *onTerminal) { _ = o.cmd.Process.Signal(syscall.SIGQUIT) },
		"SIGTSTP": func(o *onTerminal) {
			o.press("\x1a")
			until(o.t, "it goes on", func() bool {
				_ = o.cmd.Process.Signal(syscall.SIGCONT) // the test may be the shell's job, whose programs are stopped
				return strings.Contains(o.text(), "\x1b[?1049l\x1b[?1049h")
			})
			o.press("q")
		},
		"^C": func(o *onTerminal) { o.press("\x03") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := overviewOf(t, filepath.Join(t.TempDir(), "nobody"))
			before := o.modes()
			o.start()
			o.await(0, "no program of yours")
			end(o)
			err := o.cmd.Wait()
			want := map[string]int{"SIGTERM": 143, "SIGHUP": 129, "SIGQUIT": -1}[name]
			if exit, _ := errors.AsType[*exec.ExitError](err); want != 0 && (exit == nil || want > 0 && exit.ExitCode() != want) || want == 0 && err != nil {
				t.Errorf("%v, want status %d", err, want)
			}
			o.isAsItWas(before)
		})
	}
}

// TestTopUnfit: where no screen can be shown, a line says so, and what to use instead.
func TestTopUnfit(t *testing.T) {
	t.Parallel()
	o := newTerminal(t, 80, "top")
	o.cmd.Stdin, o.cmd.Stdout = o.near, o.near
	o.cmd.Env = append(o.cmd.Env, "TERM=dumb")
	o.start()
	o.cmd.Wait()
	o.await(0, `viamillipede: top: a terminal on which nothing can be placed (TERM is "dumb"): "viamillipede status" says the same in lines`)
	if text := o.text(); strings.Contains(text, "\x1b") || o.cmd.ProcessState.ExitCode() != 1 {
		t.Errorf("status %d, %q", o.cmd.ProcessState.ExitCode(), text)
	}
}

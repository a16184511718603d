package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// onTerminal is a program on a terminal of its own, which controls it.
type onTerminal struct {
	t    *testing.T
	cmd  *exec.Cmd
	far  *os.File
	near *os.File

	mu   sync.Mutex
	seen bytes.Buffer // all that the terminal got; guarded by mu
}

// startOnTerminal starts the program with these words. Its standard error is the terminal, its standard input is the file, and its output
// goes nowhere.
func startOnTerminal(t *testing.T, columns uint16, input *os.File, words ...string) *onTerminal {
	t.Helper()
	o := newTerminal(t, columns, words...)
	o.cmd.Stdin = input
	o.start()
	return o
}

// newTerminal makes a terminal for the program with these words, whose standard error it is.
func newTerminal(t *testing.T, columns uint16, words ...string) *onTerminal {
	t.Helper()
	far, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	o := &onTerminal{t: t, far: far}
	t.Cleanup(func() { far.Close() })
	conn, err := far.SyscallConn() // Fd would make reads block for ever
	if err != nil {
		t.Fatal(err)
	}
	var number int
	if failed := conn.Control(func(fd uintptr) {
		if err = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0); err == nil {
			number, err = unix.IoctlGetInt(int(fd), unix.TIOCGPTN)
		}
	}); failed != nil || err != nil {
		t.Skip(failed, err)
	}
	if o.near, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0); err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { o.near.Close() })
	o.resize(columns)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "viamillipede")
	if err := os.Symlink(self, name); err != nil {
		t.Fatal(err)
	}
	o.cmd = exec.CommandContext(t.Context(), name, words...)
	o.cmd.Stderr = o.near
	o.cmd.Env = append(os.Environ(), "TERM=xterm")
	o.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 2}
	return o
}

// start starts the program.
func (o *onTerminal) start() {
	o.t.Helper()
	if err := o.cmd.Start(); err != nil {
		o.t.Fatal(err)
	}
	o.t.Cleanup(func() { o.cmd.Process.Kill() })
	go func() {
		b := make([]byte, 4096)
		for {
			n, err := o.far.Read(b)
			o.mu.Lock()
			o.seen.Write(b[:n])
			o.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
}

func (o *onTerminal) resize(columns uint16) {
	o.t.Helper()
	conn, err := o.near.SyscallConn()
	if err != nil {
		o.t.Fatal(err)
	}
	if failed := conn.Control(func(fd uintptr) {
		err = unix.IoctlSetWinsize(int(fd), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: columns})
	}); failed != nil || err != nil {
		o.t.Fatal(failed, err)
	}
}

// text is all that the terminal got so far.
func (o *onTerminal) text() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.seen.String()
}

// await waits until the terminal has got something after what it had got before.
func (o *onTerminal) await(after int, what string) {
	o.t.Helper()
	until(o.t, fmt.Sprintf("%q is on the terminal", what), func() bool { return strings.Contains(o.text()[after:], what) })
}

// TestProgress: on a terminal a line shows how the stream stands, as wide as the terminal is, until the summary takes its place; it goes
// with ^Z, and what else is said stands above it.
func TestProgress(t *testing.T) {
	t.Parallel()
	port := freshPort(t)
	in, feed, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer feed.Close()
	o := startOnTerminal(t, 80, in, "tx", "localhost", port, "size", "10", "threads", "2")
	in.Close()
	const wipe, draw = "\x1b[J", "\x1bD\x1b[A\x1b7\r\r\n"
	o.await(0, draw+"waiting for the peer ")
	o.await(0, wipe+"viamillipede: no receiver yet after ")
	rx := background(t, "viamillipede", "rx", port)
	fmt.Fprint(feed, "12345")
	o.await(0, draw+"5 B  of 10 B  50 %  ")
	o.await(0, "1/1 path  0 lost  waits for source")
	o.resize(40)
	if err := o.cmd.Process.Signal(syscall.SIGWINCH); err != nil { // it is for the foreground: this is
		t.Fatal(err)
	}
	o.await(0, draw+"5 B  50 %  0 B/s  waits for source")

	before := len(o.text())
	if err := o.cmd.Process.Signal(syscall.SIGTSTP); err != nil {
		t.Fatal(err)
	}
	o.await(before, wipe)
	o.await(before, draw+"5 B") // nobody could continue it, so it is not stopped

	fmt.Fprint(feed, "67890")
	feed.Close()
	if err := o.cmd.Wait(); err != nil {
		t.Errorf("%v:\n%q", err, o.text())
	}
	rx.ends(t, 0, "")
	o.await(before, wipe+"viamillipede: 10 bytes (10 B) in ")
	until(t, "the line is gone", func() bool {
		text := o.text()
		return strings.LastIndex(text, wipe) > strings.LastIndex(text, draw)
	})
}

// TestNoProgress: nothing is shown where standard error is no terminal, or the user wants none.
func TestNoProgress(t *testing.T) {
	t.Parallel()
	port := freshPort(t)
	in, feed, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer feed.Close()
	o := startOnTerminal(t, 80, in, "tx", "localhost", port, "progress", "off", "connect", "3")
	in.Close()
	o.cmd.Wait()
	o.await(0, "no receiver within 3s")
	if text := o.text(); strings.Contains(text, "\x1b") {
		t.Errorf("%q", text)
	}
}

// TestProgressOfMany: an end that stays shows how many streams there are and were, and what they have moved.
func TestProgressOfMany(t *testing.T) {
	t.Parallel()
	port := freshPort(t)
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	o := startOnTerminal(t, 80, null, "rx", port, "keep", "2", "window", "1M", "exec", "cat >/dev/null")
	const wipe, draw = "\x1b[J", "\x1bD\x1b[A\x1b7\r\r\n"
	o.await(0, draw+"0 of 2 streams  0 served  0 B  0 B/s  0 bit/s")
	tx := background(t, "sh", "-c", "printf 12345 | viamillipede tx localhost "+port)
	tx.ends(t, 0, "")
	o.await(0, draw+"0 of 2 streams  1 served  5 B  ")
	if err := o.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := o.cmd.Wait(); err != nil {
		t.Errorf("%v:\n%q", err, o.text())
	}
	o.await(0, wipe+"viamillipede: 1 stream served, 0 of them failed, 5 B")
}

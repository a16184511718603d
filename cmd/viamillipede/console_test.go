package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
)

// session is a remote shell, with a user at a terminal.
type session struct {
	t    *testing.T
	user *os.File // what the user types, and sees
	tty  string   // the name of the terminal
	near *exec.Cmd
	far  *tried
	done chan error

	mu   sync.Mutex
	seen bytes.Buffer // guarded by mu
}

// login starts a remote shell on a terminal of 91 columns and 33 rows.
func login(t *testing.T, command string, words ...string) *session {
	t.Helper()
	return loginBy(t, loginTo, command, words...)
}

// loginTo is the command line of the user's end.
func loginTo(port string) []string {
	return []string{"viamillipede", "rx", "127.0.0.1", port, "tx", "127.0.0.1", port, "threads", "2", "charmode"}
}

// loginBy is login by way of another program.
func loginBy(t *testing.T, by func(port string) []string, command string, words ...string) *session {
	t.Helper()
	t.Parallel()
	port := freshPort(t)
	s := &session{t: t, done: make(chan error, 1)}
	s.far = background(t, append([]string{"viamillipede", "rx", port, "tx", port, "bind", "127.0.0.1", "exec", command, "pty"}, words...)...)
	user, tty, err := pty.Open()
	if err != nil {
		t.Skipf("no terminal: %v", err)
	}
	s.user = user
	if err := pty.Setsize(user, &pty.Winsize{Cols: 91, Rows: 33}); err != nil {
		t.Fatal(err)
	}
	s.tty = tty.Name()
	near := by(port)
	s.near = exec.Command(near[0], near[1:]...)
	s.near.Stdin, s.near.Stdout, s.near.Stderr = tty, tty, tty
	s.near.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := s.near.Start(); err != nil {
		t.Fatal(err)
	}
	tty.Close()
	go func() { s.done <- s.near.Wait() }()
	go func() { _, _ = io.Copy(s, user) }()
	t.Cleanup(func() { _ = s.near.Process.Kill(); user.Close() })
	return s
}

// Write takes what the user sees.
func (s *session) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen.Write(b)
}

// pid is that of the user's end, which its shell has told.
func (s *session) pid() int {
	s.t.Helper()
	s.sees(" pid\r")
	s.mu.Lock()
	defer s.mu.Unlock()
	pid, err := strconv.Atoi(strings.Fields(s.seen.String())[1])
	if err != nil {
		s.t.Fatal(err)
	}
	return pid
}

// sees waits until the user has seen a text.
func (s *session) sees(text string) {
	s.t.Helper()
	until(s.t, "the user sees "+text, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return strings.Contains(s.seen.String(), text)
	})
}

// types is what the user types.
func (s *session) types(text string) {
	s.t.Helper()
	if _, err := s.user.WriteString(text); err != nil {
		s.t.Fatal(err)
	}
}

// wait waits until the program at the terminal has ended.
func (s *session) wait() error {
	s.t.Helper()
	select {
	case err := <-s.done:
		return err
	case <-time.After(filePatience / 2):
		s.t.Fatal("the session does not end")
		return nil
	}
}

// ends waits for the end of the program at the terminal.
func (s *session) ends(status int) {
	s.t.Helper()
	if err := s.wait(); s.near.ProcessState.ExitCode() != status {
		s.t.Errorf("%v, want status %d; the user saw:\n%s", err, status, s.seen.String())
	}
}

// A program has the size of the user's terminal, gets keys as they are, and gives its status; links may be cut.
func TestConsole(t *testing.T) {
	s := login(t, `trap 'echo interrupted' INT; echo ready; while read x; do [ "$x" = quit ] && break; stty size; done; echo last words; exit 3`, "chaos", "7")
	s.sees("ready")
	s.types("\r")
	s.sees("33 91")
	if err := pty.Setsize(s.user, &pty.Winsize{Cols: 45, Rows: 17}); err != nil {
		t.Fatal(err)
	}
	until(t, "the new size is there", func() bool {
		s.types("\r")
		s.mu.Lock()
		defer s.mu.Unlock()
		return strings.Contains(s.seen.String(), "17 45")
	})
	s.types("\x03")
	s.sees("interrupted")
	s.types("quit\r")
	s.ends(3)
	s.sees("last words")
	s.far.ends(t, 0, "")
	if said := s.far.said.String(); strings.Contains(said, "stopped early") {
		t.Error(said)
	}
}

// A program that is ended by a signal gives the status that a shell gives it, and the end of the input ends one that waits for that.
func TestConsoleEnds(t *testing.T) {
	t.Run("signal", func(t *testing.T) {
		s := login(t, "echo ready; kill -KILL $$")
		s.ends(128 + 9)
	})
	for typed, want := range map[string]string{"a line\\n": "a line\r\nover\r\n", "no line": "no lineover\r\n", "": "over\r\n"} {
		t.Run("end of input", func(t *testing.T) {
			t.Parallel()
			port, quiet := freshPort(t), filepath.Join(t.TempDir(), "quiet") // there once the terminal does not show what is typed
			far := background(t, "viamillipede", "rx", port, "tx", port, "bind", "127.0.0.1",
				"exec", "stty -echo; : >"+quiet+"; cat; echo over", "pty")
			near := background(t, "sh", "-c", `
				{ until [ -e "$1" ]; do sleep 0.01; done; printf "$2"; } | viamillipede rx 127.0.0.1 $0 tx 127.0.0.1 $0 charmode`, port, quiet, typed)
			near.ends(t, 0, want)
			far.ends(t, 0, "")
		})
	}
}

// When the user's end is stopped, the session is hung up, and nothing of it is left.
func TestConsoleHangsUp(t *testing.T) {
	s := login(t, "echo pid $$ pid; sleep 1000")
	s.sees(" pid\r")
	s.mu.Lock()
	pid := strings.Fields(s.seen.String())[1]
	s.mu.Unlock()
	_ = s.near.Process.Signal(syscall.SIGTERM)
	s.ends(143)
	s.far.ends(t, 7, "")
	until(t, "the program is gone", func() bool {
		b, err := os.ReadFile("/proc/" + pid + "/stat")
		return err != nil || strings.Contains(string(b), ") Z ")
	})
}

// However the user's end is ended, the terminal is what it was.
func TestConsoleRestores(t *testing.T) {
	for _, how := range []syscall.Signal{syscall.SIGTERM, syscall.SIGQUIT} {
		t.Run(how.String(), func(t *testing.T) {
			s := loginBy(t, func(port string) []string {
				return append([]string{"sh", "-c", `sh -c 'echo pid $$ pid; exec "$@"' "$@"
					case $(stty -a) in *-icanon*) echo it is raw;; *) echo it is restored;; esac`, "sh", "sh"}, loginTo(port)...)
			}, "sleep 1000")
			pid := s.pid()
			until(t, "keys go to the other end", func() bool {
				mode, err := exec.Command("stty", "-F", s.tty, "-a").Output()
				return err == nil && strings.Contains(string(mode), "-icanon")
			})
			if err := syscall.Kill(pid, how); err != nil {
				t.Fatal(err)
			}
			s.sees("it is restored")
			s.ends(0)
		})
	}
}

// Where the user's end is stopped from outside, the terminal is what it was until it is continued.
func TestConsoleStops(t *testing.T) {
	s := loginBy(t, func(port string) []string {
		return append([]string{"sh", "-c", `set -m; look() { case $(stty -a) in *-icanon*) echo it is raw $1;; *) echo it is restored $1;; esac; }
			sh -c 'echo pid $$ pid; exec "$@"' "$@"
			look 1; fg; look 2`, "sh", "sh"}, loginTo(port)...)
	}, "echo there; sleep 1000")
	pid := s.pid()
	raw := func() bool {
		mode, err := exec.Command("stty", "-F", s.tty, "-a").Output()
		return err == nil && strings.Contains(string(mode), "-icanon")
	}
	until(t, "keys go to the other end", raw)
	s.sees("there")
	if err := syscall.Kill(pid, syscall.SIGTSTP); err != nil {
		t.Fatal(err)
	}
	s.sees("it is restored 1")
	until(t, "keys go to the other end again", raw)
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	s.sees("it is restored 2")
	s.ends(0)
}

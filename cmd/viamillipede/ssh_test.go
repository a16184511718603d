package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// standInName is the name under which this binary is an ssh that stays on this host.
const standInName = "viamillipede-test-ssh"

// standIn runs the command that ssh is given, in a session of its own, as sshd does. It is between the two ends: if it is killed, the
// command sees that its standard input ends.
//
//	STANDIN_DIR     what it was asked for is noted in files there
//	STANDIN_SHELL   the login shell
//	STANDIN_CALLER  what SSH_CONNECTION begins with
//	STANDIN_PATH    the command's PATH
func standIn() {
	dir, args := os.Getenv("STANDIN_DIR"), os.Args[1:]
	at := slices.Index(args, "--")
	command := exec.Command(cmp.Or(os.Getenv("STANDIN_SHELL"), "sh"), "-c", strings.Join(args[at+2:], " "))
	command.Env = append(os.Environ(), "HOME="+dir, "TMPDIR="+dir, "SSH_CONNECTION="+os.Getenv("STANDIN_CALLER")+" 1 127.0.0.1 22")
	if path := os.Getenv("STANDIN_PATH"); path != "" {
		command.Env = append(command.Env, "PATH="+path)
	}
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	command.Stdout, command.Stderr = struct{ io.Writer }{os.Stdout}, struct{ io.Writer }{os.Stderr}
	command.WaitDelay = time.Second
	in, err := command.StdinPipe()
	if err == nil {
		err = command.Start()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(255)
	}
	note := func(name string, what any) {
		file := filepath.Join(dir, name)
		_ = os.WriteFile(file+"~", fmt.Append(nil, what), 0o600)
		_ = os.Rename(file+"~", file)
	}
	note("destination", args[at+1])
	note("far", command.Process.Pid) // sh replaces itself by viamillipede
	note("ssh", os.Getpid())
	go func() {
		_, _ = io.Copy(in, os.Stdin)
		in.Close()
	}()
	_ = command.Wait()
	os.Exit(command.ProcessState.ExitCode())
}

// shell is a near end that reaches a far end by the stand-in.
type shell struct {
	*exec.Cmd
	t   *testing.T
	dir string // notes of the stand-in, and the far end's home and folder for temporary files
	in  io.WriteCloser
	out bytes.Buffer

	mu  sync.Mutex
	err bytes.Buffer
}

// Write takes what the near end says.
func (s *shell) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err.Write(p)
}

// said is what the near end has said so far.
func (s *shell) said() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err.String()
}

// throughStandIn starts a near end, with more in its environment. Its standard input is open until the test closes it.
func throughStandIn(t *testing.T, env []string, words ...string) *shell {
	t.Helper()
	program, err := exec.LookPath(standInName)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), filePatience)
	t.Cleanup(cancel)
	s := &shell{Cmd: exec.CommandContext(ctx, "viamillipede", words...), t: t, dir: t.TempDir()}
	s.Env = append(os.Environ(), "VIAMILLIPEDE_SSH="+program, "STANDIN_DIR="+s.dir, "STANDIN_CALLER=127.0.0.1")
	s.Env = append(s.Env, env...)
	s.Stdout, s.Stderr = &s.out, s
	s.WaitDelay = filePatience
	if s.in, err = s.StdinPipe(); err == nil {
		err = s.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.gone("far") })
	return s
}

// file is one in the folder of the far end.
func (s *shell) file(name string) string { return filepath.Join(s.dir, name) }

// pid is a process that the stand-in has noted.
func (s *shell) pid(name string) int {
	s.t.Helper()
	var b []byte
	until(s.t, "a note of "+name, func() (is bool) { b, _ = os.ReadFile(s.file(name)); return len(b) > 0 })
	n, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

// gone checks that a process ends which was noted, if one was.
func (s *shell) gone(name string) {
	b, err := os.ReadFile(s.file(name))
	if err != nil {
		return
	}
	until(s.t, name+" ends", func() bool {
		stat, err := os.ReadFile("/proc/" + strings.TrimSpace(string(b)) + "/stat")
		return err != nil || strings.Contains(string(stat), ") Z ")
	})
}

// ends checks how the near end ends, and what it has said.
func (s *shell) ends(status int, said string) {
	s.t.Helper()
	s.in.Close()
	_ = s.Wait()
	if got := s.ProcessState.ExitCode(); got != status || !regexp.MustCompile("(?m)"+said).MatchString(s.said()) {
		s.t.Errorf("%q\nstatus %d, want %d, with %q; it said:\n%s", s.Args, got, status, said, s.said())
	}
}

// awaits waits until the near end has said something.
func (s *shell) awaits(said string) {
	s.t.Helper()
	re := regexp.MustCompile("(?m)" + said)
	until(s.t, said, func() bool { return re.MatchString(s.said()) })
}

// content is what is in a file.
func content(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Error(err)
	}
	return string(b)
}

// A stream to the other host, whose words are marked. Hostile words stay what they are.
func TestSSHPush(t *testing.T) {
	t.Parallel()
	s := throughStandIn(t, nil, "tx", "root@localhost", "ssh", "tx", "127.0.0.1", "threads", "4", "verbose", "2", "name", `it's "$(id)" !! \n`,
		"peer", `printf "%s\n" "$VIAMILLIPEDE_NAME"; echo there >&2; cat >"$HOME/a 'b' \"c\""`)
	s.awaits("link 3 up")
	fmt.Fprint(s.in, "the stream")
	s.ends(0, `^viamillipede localhost: there$`)
	if want := `viamillipede localhost: it's "$(id)" !! \n`; !strings.Contains(s.said(), want) {
		t.Errorf("not said: %s; but:\n%s", want, s.said())
	}
	if got := content(t, s.file(`a 'b' "c"`)); got != "the stream" {
		t.Errorf("%q", got)
	}
	if got := content(t, s.file("destination")); got != "root@localhost" {
		t.Errorf("ssh was given %q", got)
	}
	if !strings.Contains(s.said(), "sealed with the key") {
		t.Errorf("said:\n%s", s.said())
	}
}

// A stream from there, by a file with a name that a shell would not leave alone.
func TestSSHPull(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	name := filepath.Join(dir, "it's `id` $HOME\n\"x\"\\")
	if err := os.WriteFile(name, []byte("the stream"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := throughStandIn(t, nil, "rx", "localhost", "ssh", "peer", "file", name)
	s.ends(0, "")
	if s.out.String() != "the stream" {
		t.Errorf("%q, %s", s.out.String(), s.said())
	}
}

// Several ways, of which some lead nowhere, and a large stream of which links are lost.
func TestSSHPaths(t *testing.T) {
	t.Parallel()
	s := throughStandIn(t, nil, "rx", nowhere, "rx", "127.0.0.2", "ssh", "host1", "rx", "127.0.0.3", "chaos", "5", "leg", "64k", "peer", "seq 300000")
	s.ends(0, "")
	var want bytes.Buffer
	for i := range 300000 {
		fmt.Fprintln(&want, i+1)
	}
	if !bytes.Equal(s.out.Bytes(), want.Bytes()) {
		t.Errorf("%d bytes, want %d, or others", s.out.Len(), want.Len())
	}
	if got := content(t, s.file("destination")); got != "host1" {
		t.Errorf("ssh was given %q", got)
	}
}

// nowhere is an address to which no connection can be made.
const nowhere = "255.255.255.255"

// rangeOfPorts is how many ports freePorts finds: each end may need one, and others that run beside the tests may take some.
const rangeOfPorts = 10

// freePorts finds the first of some ports in a row that nobody else of this process is given, nor listens on.
func freePorts(t *testing.T) int {
	t.Helper()
	for range 100 {
		first := 10000 + int(nextPort.Add(rangeOfPorts)-rangeOfPorts+1)%20000
		free := true
		for port := first; free && port < first+rangeOfPorts; port++ {
			l, err := net.Listen("tcp", fmt.Sprintf(":%d", port))
			if free = err == nil; free {
				l.Close()
			}
		}
		if free {
			return first
		}
	}
	t.Fatal("no free ports found")
	return 0
}

// A host that cannot be reached dials.
func TestSSHTheOtherWay(t *testing.T) {
	t.Parallel()
	first := freePorts(t)
	s := throughStandIn(t, nil, "tx", nowhere, "ssh", "host1", "ports", fmt.Sprintf("%d-%d", first, first+rangeOfPorts-1), "peer", `cat >"$HOME/copy"`)
	fmt.Fprint(s.in, "the stream")
	re := `^viamillipede: ` + nowhere + ` cannot be reached \(.*\): it dials this end, on port (\d+)$`
	s.ends(0, re)
	if m := regexp.MustCompile("(?m)" + re).FindStringSubmatch(s.said()); m != nil {
		if port, _ := strconv.Atoi(m[1]); port < first || port >= first+rangeOfPorts {
			t.Errorf("port %d, want one from %d", port, first)
		}
	}
	if got := content(t, s.file("copy")); got != "the stream" {
		t.Errorf("%q", got)
	}
}

// If that does not work either, one line names the port.
func TestSSHNoWay(t *testing.T) {
	t.Parallel()
	s := throughStandIn(t, []string{"STANDIN_CALLER=" + nowhere}, "tx", nowhere, "ssh", "host1", "peer", "cat")
	s.ends(2, `^viamillipede: open port \d+ on `+nowhere+`, or port \d+ here, in the firewall \(see ports\): it cannot be reached \(.*\), and cannot reach this host \(.*\)$`)
	if n := strings.Count(s.said(), "\n"); n != 1 {
		t.Errorf("%d lines:\n%s", n, s.said())
	}
}

// A range of ports, of which the first is taken.
func TestSSHPorts(t *testing.T) {
	t.Parallel()
	first := freePorts(t)
	taken, err := net.Listen("tcp", fmt.Sprintf(":%d", first))
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	s := throughStandIn(t, nil, "tx", "127.0.0.1", "ssh", "ports", fmt.Sprintf("%d-%d", first, first+rangeOfPorts-1), "verbose", "2", "peer", "cat >/dev/null")
	s.ends(0, `^viamillipede: link \d+ up`)
	m := regexp.MustCompile(`(?m)^viamillipede: link \d+ up: 127\.0\.0\.1:(\d+)`).FindStringSubmatch(s.said())
	if m == nil {
		t.Fatalf("no port:\n%s", s.said())
	}
	if port, _ := strconv.Atoi(m[1]); port <= first || port >= first+rangeOfPorts {
		t.Errorf("port %d, want one above %d; it said:\n%s", port, first, s.said())
	}
}

// A consumer there, or a producer, that fails is a failed stream here.
func TestSSHPeerFails(t *testing.T) {
	t.Parallel()
	s := throughStandIn(t, nil, "tx", "localhost", "ssh", "peer", "cat >/dev/null; exit 3")
	s.ends(7, `exec 'cat >/dev/null; exit 3' exited with status 3`)
	s = throughStandIn(t, nil, "rx", "localhost", "ssh", "peer", "echo half; exit 3")
	s.ends(7, `exec 'echo half; exit 3' exited with status 3`)
	s = throughStandIn(t, nil, "tx", "localhost", "ssh", "peer", "file", "/nonexistent/folder/file")
	s.ends(7, `^viamillipede localhost: .*/nonexistent/folder`)
}

// A producer here that fails is a failed stream there: the consumer sees no end.
func TestSSHProducerFails(t *testing.T) {
	t.Parallel()
	s := throughStandIn(t, nil, "tx", "localhost", "ssh", "exec", "echo half; exit 3", "peer", `cat >/dev/null; touch "$HOME/whole"`)
	s.ends(6, `exec 'echo half; exit 3' exited with status 3`)
	s.gone("far")
	if _, err := os.Stat(s.file("whole")); err == nil {
		t.Error("the consumer has seen an end of its input")
	}
}

// Once a link is up the stream does without ssh, and so does a program there that says something.
func TestSSHKilled(t *testing.T) {
	t.Parallel()
	s := throughStandIn(t, nil, "tx", "localhost", "ssh", "verbose", "2", "peer", `cat >"$HOME/copy"; echo said >&2; echo said; echo >"$HOME/whole"`)
	fmt.Fprint(s.in, "one ")
	s.awaits(`link \d+ up`)
	if err := syscall.Kill(s.pid("ssh"), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	s.gone("ssh")
	fmt.Fprint(s.in, "two")
	s.ends(0, "")
	if got := content(t, s.file("copy")); got != "one two" {
		t.Errorf("%q", got)
	}
	content(t, s.file("whole"))
}

// Before that, its end is the end.
func TestSSHKilledBefore(t *testing.T) {
	t.Parallel()
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	// The far end opens the FIFO, and waits there for a reader.
	s := throughStandIn(t, nil, "tx", "localhost", "ssh", "connect", "100", "verbose", "2", "peer", "file", fifo)
	s.awaits("sealed with the key")
	if err := syscall.Kill(s.pid("ssh"), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	s.ends(2, `^viamillipede: ssh to localhost has ended before a link was up$`)
	s.gone("far")
}

// The near end is killed, after a link is up or before: nothing is left there.
func TestSSHNearEndKilled(t *testing.T) {
	for word, command := range map[string]string{
		"tx": `echo $$ >"$HOME/program"; cat; touch "$HOME/whole"`,
		"rx": `echo x; echo $$ >"$HOME/program"; sleep 1000; touch "$HOME/whole"`,
	} {
		t.Run(word, func(t *testing.T) {
			t.Parallel()
			s := throughStandIn(t, nil, word, "localhost", "ssh", "dead", "1", "verbose", "10", "peer", command)
			fmt.Fprint(s.in, "x")
			s.awaits(`link \d+ up`)
			s.awaits(`^viamillipede: leg 0: [12] bytes`)
			s.pid("program")
			_ = s.Process.Kill()
			_ = s.Wait()
			for _, name := range []string{"ssh", "far", "program"} {
				s.gone(name)
			}
			if _, err := os.Stat(s.file("whole")); err == nil {
				t.Error("the program has seen an end of its stream")
			}
		})
	}
}

func TestSSHNearEndKilledBefore(t *testing.T) {
	t.Parallel()
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	s := throughStandIn(t, nil, "tx", "localhost", "ssh", "verbose", "2", "peer", "file", fifo)
	s.awaits("sealed with the key")
	_ = s.Process.Kill()
	_ = s.Wait()
	s.gone("ssh")
	s.gone("far")
}

// The far end is killed: a dead peer, and nothing is left of ssh.
func TestSSHFarEndKilled(t *testing.T) {
	t.Parallel()
	s := throughStandIn(t, nil, "tx", "localhost", "ssh", "dead", "1", "verbose", "2", "peer", "cat")
	fmt.Fprint(s.in, "x")
	s.awaits(`link \d+ up`)
	if err := syscall.Kill(s.pid("far"), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	s.ends(5, "")
	s.gone("ssh")
}

// While ssh logs in, or the login shell does not answer, the near end may be stopped: ssh is not left.
func TestSSHInterrupted(t *testing.T) {
	t.Parallel()
	hangs := filepath.Join(t.TempDir(), "hangs")
	if err := os.WriteFile(hangs, []byte("#!/bin/sh\nexec cat >/dev/null\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, how := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGKILL} {
		s := throughStandIn(t, []string{"STANDIN_SHELL=" + hangs}, "tx", "localhost", "ssh", "peer", "cat")
		s.pid("ssh")
		_ = s.Process.Signal(how)
		_ = s.Wait()
		s.gone("ssh")
		s.gone("far")
	}
}

// bare is a PATH without viamillipede.
const bare = "/usr/bin:/bin"

// Without viamillipede there: a line that says what to do. With copy this program is sent along, and nothing of it is left.
func TestSSHCopy(t *testing.T) {
	t.Parallel()
	greets := filepath.Join(t.TempDir(), "shell") // without a newline, as one that sets the title of a terminal
	if err := os.WriteFile(greets, []byte("#!/bin/sh\nprintf 'welcome> '\nexec sh \"$@\"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	env := []string{"STANDIN_PATH=" + bare, "STANDIN_SHELL=" + greets}
	s := throughStandIn(t, env, "tx", "localhost", "ssh", "copy", "peer", `ls -A "$HOME" >"$HOME/listed"; cat >"$HOME/copied"`)
	fmt.Fprint(s.in, "the stream")
	s.ends(0, "")
	if got := content(t, s.file("copied")); got != "the stream" {
		t.Errorf("%q", got)
	}
	if strings.Contains(content(t, s.file("listed")), "viamillipede.") {
		t.Error("the copy is left while it runs")
	}
	if _, err := os.Stat("/usr/local/bin/viamillipede"); err == nil {
		t.Skip("the rest needs a host without viamillipede, and /usr/local/bin has it")
	}
	s = throughStandIn(t, env, "tx", "localhost", "ssh", "peer", "cat")
	s.ends(2, `^viamillipede: localhost has no viamillipede: install it there, or say ssh copy$`)
}

// Another version there, or what only has its name.
func TestSSHOtherVersion(t *testing.T) {
	t.Parallel()
	for script, want := range map[string]struct {
		status int
		said   string
	}{
		`echo "viamillipede: expected a keyword, found $1" >&2; exit 1`: {3, `^viamillipede: viamillipede on localhost is of another version, or cannot be run: install .* there, or say ssh copy$`},
		`echo "viamillipede-far hello 99 - v7"`:                         {3, `^viamillipede: localhost has viamillipede v7, which speaks over ssh in another way`},
		`echo hello; echo "viamillipede-far hello 1 - v7"`:              {2, `^viamillipede localhost: version v7 is here, and .* at the other end$`},
		`exit 255`: {2, `^viamillipede: ssh to localhost has failed$`},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "viamillipede"), []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
		s := throughStandIn(t, []string{"STANDIN_PATH=" + dir + ":" + bare}, "tx", "localhost", "ssh", "peer", "cat")
		s.ends(want.status, want.said)
	}
}

// A login shell that fails, and an ssh that is not there.
func TestSSHFails(t *testing.T) {
	t.Parallel()
	s := throughStandIn(t, []string{"STANDIN_SHELL=/nonexistent"}, "tx", "localhost", "ssh", "peer", "cat")
	s.ends(2, `^viamillipede: ssh to localhost has failed$`)
	s = throughStandIn(t, nil, "tx", "localhost", "ssh", "file", "/nonexistent/file", "peer", "cat")
	s.ends(6, `^viamillipede: cannot read /nonexistent/file: no such file or directory$`)
	if _, err := os.Stat(s.file("ssh")); err == nil {
		t.Error("ssh ran")
	}
	s = throughStandIn(t, []string{"VIAMILLIPEDE_SSH=/nonexistent/ssh"}, "tx", "localhost", "ssh", "peer", "cat")
	s.ends(2, `^viamillipede: ssh: no program /nonexistent/ssh here; VIAMILLIPEDE_SSH may name another one$`)
}

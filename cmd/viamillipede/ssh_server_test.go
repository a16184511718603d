package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// server is an OpenSSH server on the loopback device, for this user, with keys and a configuration of its own.
type server struct {
	t    *testing.T
	dir  string
	bin  string // where viamillipede is
	port string
}

// sshServer starts a server. Where there is none, or it lets nobody in, the test is skipped.
func sshServer(t *testing.T) *server {
	t.Helper()
	programs := map[string]string{}
	for _, name := range []string{"sshd", "ssh", "ssh-keygen"} {
		for _, dir := range append(filepath.SplitList(os.Getenv("PATH")), "/usr/sbin", "/usr/local/sbin") {
			if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil && programs[name] == "" {
				programs[name] = path
			}
		}
		if programs[name] == "" {
			t.Skipf("no %s here", name)
		}
	}
	program, err := exec.LookPath("viamillipede")
	if err != nil {
		t.Fatal(err)
	}
	me, err := user.Current()
	if err != nil {
		t.Skip(err)
	}
	s := &server{t, t.TempDir(), filepath.Dir(program), freshPort(t)}
	for _, key := range []string{"host", "user"} {
		if out, err := exec.Command(programs["ssh-keygen"], "-q", "-t", "ed25519", "-N", "", "-f", s.file(key)).CombinedOutput(); err != nil {
			t.Skipf("ssh-keygen: %v, %s", err, out)
		}
	}
	s.write("authorized", content(t, s.file("user.pub")), 0o600)
	s.write("known", "[127.0.0.1]:"+s.port+" "+content(t, s.file("host.pub")), 0o600)
	s.write("sshd_config", strings.Join([]string{
		"ListenAddress 127.0.0.1:" + s.port, "HostKey " + s.file("host"), "PidFile none", "AuthorizedKeysFile " + s.file("authorized"),
		"StrictModes no", "PubkeyAuthentication yes", "PasswordAuthentication no", "PermitRootLogin yes", "LogLevel ERROR",
		"SetEnv PATH=" + s.bin + ":" + bare, "",
	}, "\n"), 0o600)
	s.write("config", strings.Join([]string{
		"Host there", "HostName 127.0.0.1", "Port " + s.port, "User " + me.Username, "IdentityFile " + s.file("user"), "IdentitiesOnly yes",
		"UserKnownHostsFile " + s.file("known"), "StrictHostKeyChecking yes", "BatchMode yes", "LogLevel ERROR", "",
	}, "\n"), 0o600)
	s.write("ssh", fmt.Sprintf("#!/bin/sh\necho $$ >'%s'\nexec %s -F '%s' \"$@\"\n", s.file("pid"), programs["ssh"], s.file("config")), 0o700)
	var said bytes.Buffer
	daemon := exec.Command(programs["sshd"], "-D", "-e", "-f", s.file("sshd_config"))
	daemon.Stderr, daemon.WaitDelay = &said, time.Second
	if err := daemon.Start(); err != nil {
		t.Skipf("sshd: %v", err)
	}
	ended := make(chan struct{})
	go func() { _ = daemon.Wait(); close(ended) }()
	t.Cleanup(func() {
		_ = daemon.Process.Signal(syscall.SIGTERM)
		<-ended
	})
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		out, err := exec.CommandContext(ctx, s.file("ssh"), "there", "viamillipede version").CombinedOutput()
		cancel()
		if err == nil {
			return s
		}
		select {
		case <-ended:
			t.Skipf("sshd does not run here: %s", &said)
		default:
		}
		if time.Now().After(end) {
			t.Skipf("sshd lets nobody in here: %v, %s", err, out)
		}
	}
}

func (s *server) file(name string) string { return filepath.Join(s.dir, name) }

func (s *server) write(name, text string, mode os.FileMode) {
	s.t.Helper()
	if err := os.WriteFile(s.file(name), []byte(text), mode); err != nil {
		s.t.Fatal(err)
	}
}

// start starts a near end that reaches this server.
func (s *server) start(words ...string) *shell {
	s.t.Helper()
	return throughStandIn(s.t, []string{"VIAMILLIPEDE_SSH=" + s.file("ssh")}, words...)
}

// TestSSHServer: a real OpenSSH server, and a real ssh.
func TestSSHServer(t *testing.T) {
	t.Parallel()
	server := sshServer(t)
	copied := server.file("copied")

	s := server.start("tx", "127.0.0.1", "ssh", "there", "verbose", "2", "peer", "cat >"+copied+"; echo done")
	fmt.Fprint(s.in, "push")
	s.ends(0, `^viamillipede 127\.0\.0\.1: done$`)
	if got := content(t, copied); got != "push" {
		t.Errorf("push: %q", got)
	}

	s = server.start("rx", nowhere, "rx", "127.0.0.1", "ssh", "there", "rx", "127.0.0.2", "peer", "seq 100000")
	s.ends(0, "")
	if got := strings.Count(s.out.String(), "\n"); got != 100000 || !strings.HasSuffix(s.out.String(), "\n100000\n") {
		t.Errorf("pull: %d lines", got)
	}

	s = server.start("tx", "127.0.0.1", "ssh", "there", "copy", "peer", "cat >"+copied)
	fmt.Fprint(s.in, "copy")
	s.ends(0, "")
	if got := content(t, copied); got != "copy" {
		t.Errorf("copy: %q", got)
	}

	s = server.start("tx", nowhere, "ssh", "there", "peer", "cat >"+copied)
	fmt.Fprint(s.in, "the other way")
	s.ends(0, "it dials this end")
	if got := content(t, copied); got != "the other way" {
		t.Errorf("the other way: %q", got)
	}

	s = server.start("tx", "127.0.0.1", "ssh", "there", "peer", "cat >/dev/null; exit 3")
	s.ends(7, "exited with status 3")
	s = server.start("rx", "127.0.0.1", "ssh", "there", "peer", "echo half; exit 3")
	s.ends(7, "exited with status 3")

	s = server.start("rx", "127.0.0.1", "ssh", "there", "tx", "127.0.0.1", "sidechain", "tr a-y b-z", "peer", "sidechain", "tr b-z a-y", "peer", "cat")
	fmt.Fprint(s.in, "both ways")
	s.ends(0, "")
	if got := s.out.String(); got != "both ways" {
		t.Errorf("both ways: %q", got)
	}

	door := freshPort(t)
	s = server.start("rx", "127.0.0.1", "ssh", "there", "tx", "127.0.0.1", "terminate", door, "keep", "2", "window", "1M", "peer", "initiate", "127.0.0.1", echoes(t))
	until(t, "terminate listens", func() bool { return listensAt(t, door) })
	one, two := callDoor(t, door), callDoor(t, door)
	one.echo("one")
	two.echo("two")
	one.finish()
	two.finish()
	if err := s.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	s.ends(0, "")

	s = server.start("tx", "127.0.0.1", "ssh", "there", "verbose", "2", "peer", "cat >"+copied+"; echo said >&2; echo whole >>"+copied)
	fmt.Fprint(s.in, "killed ")
	s.awaits(`link \d+ up`)
	pid, err := strconv.Atoi(strings.TrimSpace(content(t, server.file("pid"))))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	s.ends(0, "")
	if got := content(t, copied); got != "killed whole\n" {
		t.Errorf("killed: %q", got)
	}
}

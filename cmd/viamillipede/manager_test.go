package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// manager plays the part of a service manager: it hears what its services say, and passes them sockets.
type manager struct {
	t     *testing.T
	heard chan string // each message, as it comes: a service waits a second, and no longer, for a socket that is full
	name  string      // of its socket
	self  string      // the program
	said  string      // all that was heard
}

// managed begins to manage, at a socket of that name, or of one in a folder.
func managed(t *testing.T, name string) *manager {
	t.Helper()
	if name == "" {
		name = filepath.Join(t.TempDir(), "notify")
	}
	hear, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Net: "unixgram", Name: name})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { hear.Close() })
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	heard := make(chan string, 10_000) // signs of life of a long wait
	go func() {
		for b := make([]byte, 4096); ; {
			n, err := hear.Read(b)
			if err != nil {
				return
			}
			heard <- string(b[:n])
		}
	}()
	m := &manager{t: t, heard: heard, name: name, self: filepath.Join(t.TempDir(), "viamillipede")}
	if err := os.Symlink(self, m.self); err != nil { // a program of that name is the program (TestMain)
		t.Fatal(err)
	}
	return m
}

// service is a program that is started by exec, so that its process id is the one that the manager knows.
func (m *manager) service(ctx context.Context, sockets []*net.TCPListener, words ...string) *exec.Cmd {
	m.t.Helper()
	script := `exec "$@"`
	if len(sockets) > 0 {
		script = fmt.Sprintf(`LISTEN_PID=$$ LISTEN_FDS=%d exec "$@"`, len(sockets))
	}
	c := exec.CommandContext(ctx, "sh", append([]string{"-c", script, "sh", m.self}, words...)...)
	c.Env = append(os.Environ(), "NOTIFY_SOCKET="+m.name)
	for _, l := range sockets {
		f, err := l.File()
		if err != nil {
			m.t.Fatal(err)
		}
		m.t.Cleanup(func() { f.Close() })
		c.ExtraFiles = append(c.ExtraFiles, f)
	}
	return c
}

// await waits until the service has said that.
func (m *manager) await(line string) {
	m.t.Helper()
	late := time.After(patience)
	for !regexp.MustCompile("(?m)^" + line + "$").MatchString(m.said) {
		select {
		case text := <-m.heard:
			m.said += text + "\n"
		case <-late:
			m.t.Fatalf("no %s in time; heard:\n%s", line, m.said)
		}
	}
}

// send sends a stream to a port, and fails the test if that fails.
func (m *manager) send(ctx context.Context, port int, text string) {
	m.t.Helper()
	c := exec.CommandContext(ctx, m.self, "tx", "localhost", fmt.Sprint(port), "threads", "4")
	c.Stdin = strings.NewReader(text)
	if out, err := c.CombinedOutput(); err != nil {
		m.t.Fatalf("tx: %v\n%s", err, out)
	}
}

func portOf(l *net.TCPListener) int { return l.Addr().(*net.TCPAddr).Port }

// socketAt is a socket that a manager makes.
func socketAt(t *testing.T, at string) *net.TCPListener {
	t.Helper()
	lc := net.ListenConfig{}
	lc.SetMultipathTCP(false)
	l, err := lc.Listen(t.Context(), "tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.(*net.TCPListener)
}

// A service is told its sockets, tells when it is ready, how it is doing and that it ends; and the sockets are still the manager's
// afterwards, for the next service.
func TestManagedService(t *testing.T) {
	for _, name := range []string{"", fmt.Sprintf("@viamillipede-test-%d", os.Getpid())} {
		m := managed(t, name)
		four, six := socketAt(t, "127.0.0.1:0"), (*net.TCPListener)(nil)
		all := []*net.TCPListener{four}
		if l, err := net.Listen("tcp", fmt.Sprintf("[::1]:%d", portOf(four))); err == nil {
			six = l.(*net.TCPListener)
			defer six.Close()
			all = append(all, six)
		}
		for range 2 {
			m.said = ""
			rx := m.service(t.Context(), all, "rx", "verbose", "3", "ready", filepath.Join(t.TempDir(), "port"))
			var out, said bytes.Buffer
			rx.Stdout, rx.Stderr = &out, &said
			rx.Env = append(rx.Env, "WATCHDOG_USEC=20000")
			if err := rx.Start(); err != nil {
				t.Fatal(err)
			}
			m.await("READY=1")
			m.await(fmt.Sprintf("MAINPID=%d", rx.Process.Pid))
			m.await("WATCHDOG=1")
			m.send(t.Context(), portOf(four), "words")
			if err := rx.Wait(); err != nil {
				t.Errorf("rx: %v\n%s", err, &said)
			}
			m.await("STOPPING=1")
			m.await("STATUS=done: every byte was delivered")
			if out.String() != "words" || !strings.Contains(m.said, fmt.Sprintf("STATUS=listening on port %d\n", portOf(four))) {
				t.Errorf("came out: %q; heard:\n%s\nsaid:\n%s", out.String(), m.said, &said)
			}
		}
	}
}

// A socket that was passed and stops listening, as one does whose connection an administrator kills, is not closed for another one:
// it is made to listen again.
func TestPassedSocketListensAgain(t *testing.T) {
	m := managed(t, "")
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	l := socketAt(t, fmt.Sprintf("127.0.0.1:%d", port))
	rx := m.service(t.Context(), []*net.TCPListener{l}, "rx", fmt.Sprint(port), "verbose", "3")
	var out, said bytes.Buffer
	rx.Stdout, rx.Stderr = &out, &said
	if err := rx.Start(); err != nil {
		t.Fatal(err)
	}
	m.await("READY=1")
	rc, err := l.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if err := rc.Control(func(fd uintptr) { err = syscall.Shutdown(int(fd), syscall.SHUT_RD) }); err != nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	m.send(t.Context(), port, "words")
	if err := rx.Wait(); err != nil || out.String() != "words" || !strings.Contains(said.String(), "is opened again") {
		t.Errorf("%v, came out: %q; said:\n%s", err, out.String(), &said)
	}
	m.stillThere(l)
}

// stillThere checks that the socket is still the manager's, and takes connections.
func (m *manager) stillThere(l *net.TCPListener) {
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		m.t.Fatalf("the manager's socket takes nothing any more: %v", err)
	}
	c.Close()
}

// A socket that the command line does not mean, a service that dials, and one that is a part of another.
func TestManagedOtherwise(t *testing.T) {
	t.Parallel()
	m := managed(t, "")
	l := socketAt(t, "127.0.0.1:0")
	for words, want := range map[string]string{
		"rx 1":                       fmt.Sprintf(`descriptor 3 listens on port %d, and port 1 is asked for\n$`, portOf(l)),
		"rx 1 tx 2":                  `rx and tx ask for two ports, and one was passed\n$`,
		"rx bind 192.0.2.1":          `not all of it is bound to 192.0.2.1, for which bind asks\n$`,
		"tx connect 0.1":             `no receiver within 100ms\n$`,
		"tx localhost 1 connect 0.1": `the sockets that were passed \(LISTEN_FDS\) are not used: no end listens\n`,
	} {
		out, err := m.service(t.Context(), []*net.TCPListener{l}, strings.Fields(words)...).CombinedOutput()
		if exitStatus(err) != 2 || !regexp.MustCompile(want).Match(out) {
			t.Errorf("%s: %v\n%s", words, err, out)
		}
	}
	m.await("STATUS=could not connect in time, or could not listen") // what tx has said

	m = managed(t, "") // which hears nothing more of those before
	rx := m.service(t.Context(), nil, "rx", "0", "connect", "0.1")
	rx.Env = append(rx.Env, "SYSTEMD_EXEC_PID=1")
	if out, err := rx.CombinedOutput(); exitStatus(err) != 2 {
		t.Errorf("%v\n%s", err, out)
	}
	m.await("STOPPING=1")
	if strings.Contains(m.said, "MAINPID") || !strings.Contains(m.said, "READY=1") {
		t.Errorf("a process that the manager did not start calls itself the main one:\n%s", m.said)
	}
}

// A sender that listens takes links at what was passed, too.
func TestManagedSenderListens(t *testing.T) {
	m := managed(t, "")
	l := socketAt(t, "127.0.0.1:0")
	tx := m.service(t.Context(), []*net.TCPListener{l}, "tx", fmt.Sprint(portOf(l)))
	tx.Stdin = strings.NewReader("words")
	var said bytes.Buffer
	tx.Stderr = &said
	if err := tx.Start(); err != nil {
		t.Fatal(err)
	}
	m.await("READY=1")
	out, err := exec.CommandContext(t.Context(), m.self, "rx", "localhost", fmt.Sprint(portOf(l))).Output()
	if ended := tx.Wait(); err != nil || ended != nil || string(out) != "words" {
		t.Errorf("rx: %v, tx: %v, came out: %q, said:\n%s", err, ended, out, &said)
	}
	m.stillThere(l)
}

// A service that dials is ready once a link is up.
func TestManagedSender(t *testing.T) {
	m := managed(t, "")
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	tx := m.service(t.Context(), nil, "tx", "localhost", fmt.Sprint(port))
	tx.Stdin = r
	if err := tx.Start(); err != nil {
		t.Fatal(err)
	}
	r.Close()
	m.await("STATUS=dialling")
	if strings.Contains(m.said, "READY=1") {
		t.Error("ready without a receiver")
	}
	rx := exec.CommandContext(t.Context(), m.self, "rx", fmt.Sprint(port))
	if err := rx.Start(); err != nil {
		t.Fatal(err)
	}
	m.await("READY=1")
	m.await("STATUS=sending")
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []*exec.Cmd{tx, rx} {
		if err := c.Wait(); err != nil {
			t.Error(err)
		}
	}
	m.await("STOPPING=1")
}

// A service that takes many connections is ready when they are taken, and gives signs of life.
func TestManagedTaker(t *testing.T) {
	m := managed(t, "")
	tx := m.service(t.Context(), nil, "rx", "localhost", "1", "tx", "localhost", "1", "keep", "2", "window", "8M", "terminate", freshPort(t))
	tx.Env = append(tx.Env, "WATCHDOG_USEC=20000")
	var said bytes.Buffer
	tx.Stderr = &said
	if err := tx.Start(); err != nil {
		t.Fatal(err)
	}
	m.await("READY=1")
	m.await(fmt.Sprintf("MAINPID=%d", tx.Process.Pid))
	m.await("STATUS=taking connections at 127.0.0.1:[0-9]+")
	m.await("WATCHDOG=1")
	_ = tx.Process.Signal(syscall.SIGTERM)
	if err := tx.Wait(); err != nil {
		t.Errorf("%v\n%s", err, &said)
	}
	m.await("STOPPING=1")
}

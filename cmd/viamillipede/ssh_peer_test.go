package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A program there reads a stream and writes another one, and the words of both ends there are marked.
func TestSSHBothWays(t *testing.T) {
	t.Parallel()
	s := throughStandIn(t, nil, "rx", "root@localhost", "ssh", "tx", "root@localhost", "threads", "2", "verbose", "2", "peer", "echo there >&2; tr a-z A-Z")
	s.awaits(`^viamillipede localhost rx: link \d up`)
	s.awaits(`^viamillipede localhost tx: link \d up`)
	s.awaits(`^viamillipede localhost: there$`)
	fmt.Fprint(s.in, "the stream")
	s.ends(0, "")
	if s.out.String() != "THE STREAM" {
		t.Errorf("%q", s.out.String())
	}
	if got := content(t, s.file("destination")); got != "root@localhost" {
		t.Errorf("ssh was given %q", got)
	}
}

// Where one of the directions has no way there, the other host dials both.
func TestSSHBothWaysTheOtherWay(t *testing.T) {
	t.Parallel()
	s := throughStandIn(t, nil, "rx", "localhost", "ssh", "tx", nowhere, "peer", "cat")
	fmt.Fprint(s.in, "the stream")
	s.ends(0, `^viamillipede: localhost cannot be reached \(.*\): it dials this end, on port \d+$`)
	if s.out.String() != "the stream" {
		t.Errorf("%q", s.out.String())
	}
}

// A program there that fails has failed both streams, and a terminal's says how it has ended.
func TestSSHBothWaysFail(t *testing.T) {
	t.Parallel()
	s := throughStandIn(t, nil, "rx", "localhost", "ssh", "tx", "localhost", "peer", "cat; exit 3")
	s.ends(7, "exec 'cat; exit 3' exited with status 3")
	s = throughStandIn(t, nil, "rx", "localhost", "ssh", "tx", "localhost", "charmode", "pty", "peer", "tty; exit 5")
	s.ends(5, "")
	if !strings.HasPrefix(s.out.String(), "/dev/pts/") {
		t.Errorf("%q", s.out.String())
	}
}

// Files there, one for each direction.
func TestSSHBothWaysFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	from, to := filepath.Join(dir, "from"), filepath.Join(dir, "to")
	if err := os.WriteFile(from, []byte("from there"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := throughStandIn(t, nil, "tx", "localhost", "ssh", "peer", "file", to, "rx", "localhost", "peer", "file", from)
	fmt.Fprint(s.in, "from here")
	s.ends(0, "")
	if got := content(t, to); got != "from here" || s.out.String() != "from there" {
		t.Errorf("%q there, and %q here", got, s.out.String())
	}
}

// The near end is killed while streams go both ways: nothing is left there.
func TestSSHBothWaysKilled(t *testing.T) {
	t.Parallel()
	s := throughStandIn(t, nil, "rx", "localhost", "ssh", "tx", "localhost", "dead", "1", "verbose", "10", "peer", `echo $$ >"$HOME/program"; cat; sleep 1000`)
	fmt.Fprint(s.in, "x")
	s.awaits(`^viamillipede tx: leg 0: `)
	s.awaits(`^viamillipede rx: leg 0: `)
	s.pid("program")
	_ = s.Process.Kill()
	_ = s.Wait()
	for _, name := range []string{"ssh", "far", "program"} {
		s.gone(name)
	}
}

// Whoever sends there does what this end expects, where that is only names; of a command each end has its own.
func TestSSHSidechain(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		words []string
		input string
		out   string // here, or in a file there
	}{
		{words: []string{"rx", "localhost", "ssh", "sidechain", "zstd:2", "sidechain", "gzip", "peer", "echo hal"}, out: "hal\n"},
		{words: []string{"rx", "localhost", "ssh", "sidechain", "auto", "peer", "echo hal"}, out: "hal\n"},
		{words: []string{"rx", "localhost", "ssh", "peer", "sidechain", "s2", "peer", "echo hal"}, out: "hal\n"},
		{words: []string{"rx", "localhost", "ssh", "sidechain", "tr b-z a-y", "peer", "sidechain", "tr a-y b-z", "peer", "echo hal"}, out: "hal\n"},
		{words: []string{"tx", "localhost", "ssh", "sidechain", "tr a-y b-z", "peer", "sidechain", "tr b-z a-y", "peer", `cat >"$HOME/copy"`}, input: "hal"},
		{words: []string{
			"tx", "localhost", "ssh", "sidechain", "tr a-y b-z", "peer", "sidechain", "tr b-z a-y",
			"rx", "localhost", "sidechain", "zstd", "peer", "cat",
		}, input: "hal", out: "hal"},
	} {
		s := throughStandIn(t, nil, c.words...)
		fmt.Fprint(s.in, c.input)
		s.ends(0, "")
		got := s.out.String()
		if c.out == "" {
			got, c.out = content(t, s.file("copy")), c.input
		}
		if got != c.out {
			t.Errorf("%q: %q, want %q", c.words, got, c.out)
		}
	}
}

// echoes is a server that sends back what it gets, to everyone who connects; its port.
func echoes(t *testing.T) string {
	t.Helper()
	l := serve(t)
	go func() {
		for {
			c, err := l.AcceptTCP()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				if _, err := io.Copy(struct{ io.Writer }{c}, c); err == nil {
					_ = c.CloseWrite()
				}
			}()
		}
	}()
	return doorOf(l)
}

// tunnel starts a near end that takes connections on a port, and a far end that makes them to another one, and waits until they are taken.
func tunnel(t *testing.T, to string, words ...string) (s *shell, door string) {
	t.Helper()
	door = freshPort(t)
	s = throughStandIn(t, nil, append([]string{
		"rx", "localhost", "ssh", "tx", "localhost", "verbose", "2", "terminate", door, "peer", "initiate", "127.0.0.1", to,
	}, words...)...)
	until(t, "terminate listens", func() bool { return listensAt(t, door) })
	return s, door
}

// called is a connection through a tunnel to a server that echoes.
type called struct {
	*net.TCPConn
	t *testing.T
}

func callDoor(t *testing.T, door string) called {
	t.Helper()
	c, err := net.Dial("tcp", "127.0.0.1:"+door)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(filePatience))
	return called{c.(*net.TCPConn), t}
}

// echo says something, which has to come back.
func (c called) echo(text string) {
	c.t.Helper()
	back := make([]byte, len(text))
	if _, err := io.WriteString(c, text); err != nil {
		c.t.Fatal(err)
	}
	if _, err := io.ReadFull(c, back); err != nil || string(back) != text {
		c.t.Fatalf("%q, %v; want %q", back, err, text)
	}
}

// finish ends one direction, and sees the end of the other.
func (c called) finish() {
	c.t.Helper()
	_ = c.CloseWrite()
	if rest, err := io.ReadAll(c); err != nil || len(rest) > 0 {
		c.t.Errorf("at the end %q, %v", rest, err)
	}
}

// One connection through ssh.
func TestSSHTunnel(t *testing.T) {
	t.Parallel()
	s, door := tunnel(t, echoes(t))
	c := callDoor(t, door)
	c.echo("one")
	c.finish()
	s.ends(0, "")
}

// While nobody has connected, the end of ssh is the end.
func TestSSHTunnelAlone(t *testing.T) {
	t.Parallel()
	s, _ := tunnel(t, "1")
	if err := syscall.Kill(s.pid("ssh"), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	s.ends(2, `^viamillipede: ssh to localhost has ended before a link was up$`)
}

// Many connections through one ssh; when it is enough, those that are there go on.
func TestSSHTunnelMany(t *testing.T) {
	t.Parallel()
	s, door := tunnel(t, echoes(t), "keep", "3", "window", "1M")
	var clients sync.WaitGroup
	for i := range 6 {
		c := callDoor(t, door)
		clients.Go(func() {
			data := randomBytes(100000, uint64(i))
			go func() { _, _ = c.Write(data); _ = c.CloseWrite() }()
			if got, err := io.ReadAll(c); err != nil || !bytes.Equal(got, data) {
				t.Errorf("client %d: %d bytes, %v", i, len(got), err)
			}
		})
	}
	clients.Wait()
	c := callDoor(t, door)
	c.echo("one")
	if err := s.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	until(t, "nobody is taken", func() bool { return !listensAt(t, door) })
	c.echo("two")
	c.finish()
	s.ends(0, "")
}

// When ssh ends no more connections are taken, and those that are there go on, also one on which nothing has been said yet.
func TestSSHTunnelManyWithoutSSH(t *testing.T) {
	t.Parallel()
	l := serve(t)
	s, door := tunnel(t, doorOf(l), "keep", "2", "window", "1M")
	c := callDoor(t, door)
	there := answerDoor(t, l)
	if err := syscall.Kill(s.pid("ssh"), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	s.awaits(`^viamillipede: ssh to localhost has ended: no more connections are taken, and those that are there go on$`)
	until(t, "nobody is taken", func() bool { return !listensAt(t, door) })
	go func() { _, _ = io.Copy(struct{ io.Writer }{there}, there); _ = there.CloseWrite() }()
	c.echo("one")
	c.finish()
	s.ends(5, "")
}

// answerDoor takes the connection that comes out of a tunnel.
func answerDoor(t *testing.T, l *net.TCPListener) *net.TCPConn {
	t.Helper()
	_ = l.SetDeadline(time.Now().Add(filePatience / 2))
	c, err := l.AcceptTCP()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(filePatience))
	return c
}

// The near end is killed: the connections there are reset, and nothing is left.
func TestSSHTunnelManyKilled(t *testing.T) {
	t.Parallel()
	l := serve(t)
	s, door := tunnel(t, doorOf(l), "keep", "2", "window", "1M", "dead", "1")
	c := callDoor(t, door)
	fmt.Fprint(c, "x")
	there := answerDoor(t, l)
	if _, err := io.ReadFull(there, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	_ = s.Process.Kill()
	_ = s.Wait()
	reset(t, "the server", there)
	s.gone("ssh")
	s.gone("far")
}

// A host that cannot be reached cannot dial for connections that are taken here.
func TestSSHTunnelManyNoWay(t *testing.T) {
	t.Parallel()
	s := throughStandIn(t, nil, "rx", nowhere, "ssh", "host1", "tx", nowhere, "terminate", freshPort(t), "keep", "peer", "initiate", "localhost", "1")
	s.ends(2, `^viamillipede: open port \d+ on `+nowhere+` in the firewall \(see ports\): it cannot be reached \(.*\)$`)
}

// What an end there says keeps the names of its streams and ends; what others say stays as it is.
func TestSSHWhoSays(t *testing.T) {
	for line, want := range map[string][2]string{
		"viamillipede: done":              {"", "done"},
		"viamillipede tx: link 1: up":     {" tx", "link 1: up"},
		"viamillipede stream 12 rx: done": {" stream 12 rx", "done"},
		"viamillipede is here: hello":     {"", "viamillipede is here: hello"},
		"viamillipedes: two":              {"", "viamillipedes: two"},
		"viamillipede":                    {"", "viamillipede"},
		"rx: a program's":                 {"", "rx: a program's"},
		"":                                {"", ""},
	} {
		if from, text := fromWhom(line); from != want[0] || text != want[1] {
			t.Errorf("%q: %q and %q, want %q", line, from, text, want)
		}
	}
}

package main

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// proxied is a TCP connection that two programs carry: terminate takes it, initiate makes it.
type proxied struct {
	t         *testing.T
	near, far *tried
	door      string // port of terminate
	client    *net.TCPConn
	server    *net.TCPConn
	farPort   string
}

// serve begins a server, to which nobody has connected.
func serve(t *testing.T) *net.TCPListener {
	t.Helper()
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// listensAt reports whether somebody listens at a port of 127.0.0.1; nobody is disturbed.
func listensAt(t *testing.T, port string) bool {
	t.Helper()
	sockets, err := os.ReadFile("/proc/net/tcp")
	n, bad := strconv.Atoi(port)
	if err != nil || bad != nil {
		t.Fatal(err, bad)
	}
	return strings.Contains(string(sockets), fmt.Sprintf(" 0100007F:%04X 00000000:0000 0A ", n))
}

// doorOf is the port of a listener.
func doorOf(l *net.TCPListener) string { return fmt.Sprint(l.Addr().(*net.TCPAddr).Port) }

// proxy starts both programs with more words for each, in both directions. The end of initiate listens.
func proxy(t *testing.T, to string, near, far []string) *proxied {
	t.Helper()
	t.Parallel()
	p := &proxied{t: t, door: freshPort(t), farPort: freshPort(t)}
	p.far = background(t, append([]string{"viamillipede", "rx", p.farPort, "tx", p.farPort, "initiate", "127.0.0.1", to}, far...)...)
	p.near = background(t, append([]string{
		"viamillipede", "rx", "localhost", p.farPort, "tx", "localhost", p.farPort, "threads", "4", "terminate", p.door,
	}, near...)...)
	return p
}

// call makes the client's connection, as soon as it is taken.
func (p *proxied) call() {
	p.t.Helper()
	until(p.t, "terminate listens", func() bool { return listensAt(p.t, p.door) })
	c, err := net.Dial("tcp", "127.0.0.1:"+p.door)
	if errors.Is(err, syscall.ECONNRESET) {
		return // it was taken, and reset, before we could look
	}
	if err != nil {
		p.t.Fatal(err)
	}
	p.client = c.(*net.TCPConn)
	p.t.Cleanup(func() { p.client.Close() })
	_ = p.client.SetDeadline(time.Now().Add(filePatience))
}

// answer takes the connection that initiate makes.
func (p *proxied) answer(l *net.TCPListener) {
	p.t.Helper()
	_ = l.SetDeadline(time.Now().Add(filePatience / 2))
	c, err := l.AcceptTCP()
	if err != nil {
		p.near.Process.Kill()
		p.far.Process.Kill()
		p.near.Wait()
		p.far.Wait()
		p.t.Fatalf("nobody connects: %v; near:\n%sfar:\n%s", err, &p.near.said, &p.far.said)
	}
	p.server = c
	p.t.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(filePatience))
}

// connected is a client and a server with the two programs between them.
func connect(t *testing.T, near, far []string) *proxied {
	t.Helper()
	l := serve(t)
	p := proxy(t, doorOf(l), near, far)
	p.call()
	p.answer(l)
	return p
}

// good checks that both programs end with 0.
func (p *proxied) good() {
	p.t.Helper()
	p.near.ends(p.t, 0, "")
	p.far.ends(p.t, 0, "")
}

// reset checks that the peer of a connection finds it reset; nil: it has already.
func reset(t *testing.T, who string, c *net.TCPConn) {
	t.Helper()
	if c == nil {
		return
	}
	if _, err := io.Copy(io.Discard, c); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("%s: %v, want a reset", who, err)
	}
}

// abort resets a connection.
func abort(c *net.TCPConn) {
	_ = c.SetLinger(0)
	c.Close()
}

// randomBytes are the same for the same seed.
func randomBytes(n int, seed uint64) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{byte(seed)})
	_, _ = r.Read(b)
	return b
}

// One direction may end long before the other, in either order, and links may be cut all the time.
func TestConnectionHalfClosed(t *testing.T) {
	for _, clientFirst := range []bool{true, false} {
		t.Run(fmt.Sprint("client first ", clientFirst), func(t *testing.T) {
			p := connect(t, []string{"chaos", "5", "leg", "16k"}, []string{"chaos", "7", "leg", "16k"})
			first, second := p.client, p.server
			if !clientFirst {
				first, second = second, first
			}
			question, answer := randomBytes(1<<20+1, 1), randomBytes(2<<20+3, 2)
			go func() {
				_, _ = first.Write(question)
				_ = first.CloseWrite()
			}()
			got, err := io.ReadAll(second)
			if err != nil || !bytes.Equal(got, question) {
				t.Fatalf("%d bytes come, %v, want %d", len(got), err, len(question))
			}
			go func() {
				_, _ = second.Write(answer)
				second.Close()
			}()
			if got, err = io.ReadAll(first); err != nil || !bytes.Equal(got, answer) {
				t.Fatalf("%d bytes come back, %v, want %d", len(got), err, len(answer))
			}
			first.Close()
			p.good()
		})
	}
}

// Each character goes by itself, there and back, however small it is; the server speaks first.
func TestConnectionCharacters(t *testing.T) {
	p := connect(t, nil, nil)
	if _, err := p.server.Write([]byte("!")); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 1)
	if _, err := io.ReadFull(p.client, b); err != nil || b[0] != '!' {
		t.Fatalf("%q, %v", b, err)
	}
	go func() { _, _ = io.Copy(p.server, p.server); p.server.Close() }()
	begun := time.Now()
	const characters = 300
	for i := range characters {
		if _, err := p.client.Write([]byte{byte(i)}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(p.client, b); err != nil || b[0] != byte(i) {
			t.Fatalf("character %d: %q, %v", i, b, err)
		}
	}
	t.Logf("%v there and back", time.Since(begun)/characters)
	_ = p.client.CloseWrite()
	if n, err := p.client.Read(b); err != io.EOF {
		t.Errorf("%d bytes, %v, want the end", n, err)
	}
	p.good()
}

// A connection that is reset fails the stream, and resets the connection at the other end, whether bytes are on their way or not.
func TestConnectionReset(t *testing.T) {
	for _, c := range []struct {
		name                string
		byServer, half, run bool
	}{{"client", false, false, false}, {"server", true, false, false}, {"client in full flow", false, false, true}, {"server in full flow", true, false, true}, {"client after an end", false, true, false}} {
		t.Run(c.name, func(t *testing.T) {
			p := connect(t, nil, nil)
			from, to := p.client, p.server
			local, remote := p.near, p.far
			if c.byServer {
				from, to, local, remote = to, from, remote, local
			}
			told := make(chan error, 1)
			told <- nil
			if c.run {
				<-told
				go func() { _, err := io.Copy(to, endless{}); told <- err }()
				if _, err := io.CopyN(io.Discard, from, 1<<20); err != nil {
					t.Fatal(err)
				}
			}
			if c.half { // the other direction has ended, and this one has begun
				if _, err := from.Write([]byte("!")); err != nil {
					t.Fatal(err)
				}
				if _, err := io.ReadFull(to, make([]byte, 1)); err != nil {
					t.Fatal(err)
				}
				_ = to.CloseWrite()
				if _, err := io.ReadAll(from); err != nil {
					t.Fatal(err)
				}
			}
			abort(from)
			// The kernel tells of a reset once, whoever asks first.
			if err := <-told; !errors.Is(err, syscall.ECONNRESET) {
				reset(t, "the other end", to)
			}
			local.ends(t, 6, "the connection ")
			remote.ends(t, 7, "the connection ")
		})
	}
}

// endless is zeros without an end.
type endless struct{}

func (endless) Read(b []byte) (int, error) { return len(b), nil }

// A reader that stands still stops the writer, and nothing is lost.
func TestConnectionSlowReader(t *testing.T) {
	p := connect(t, []string{"window", "1M"}, []string{"window", "1M"})
	_ = p.client.SetWriteBuffer(64 << 10)
	data := randomBytes(64<<20, 3)
	var written atomic.Int64
	go func() {
		for at := 0; at < len(data); at += 16 << 10 {
			n, _ := p.client.Write(data[at : at+16<<10])
			written.Add(int64(n))
		}
		_ = p.client.CloseWrite()
	}()
	for was, same := int64(-1), 0; same < 20; time.Sleep(10 * time.Millisecond) {
		if now := written.Load(); now != was || now == 0 {
			was, same = now, 0
			continue
		}
		same++
	}
	if n := written.Load(); n == int64(len(data)) {
		t.Errorf("all %d bytes were taken while nobody read", n)
	}
	sum := sha256.New()
	if n, err := io.Copy(sum, p.server); err != nil || n != int64(len(data)) {
		t.Fatalf("%d bytes come, %v", n, err)
	}
	if want := sha256.Sum256(data); !bytes.Equal(sum.Sum(nil), want[:]) {
		t.Error("other bytes come")
	}
	p.server.Close()
	p.good()
}

// A server that refuses is the client's reset, and both programs say so, whichever of them listens.
func TestConnectionRefused(t *testing.T) {
	l := serve(t)
	port := doorOf(l)
	l.Close()
	p := proxy(t, port, nil, nil)
	p.call()
	reset(t, "the client", p.client)
	p.near.ends(t, 7, "connection refused")
	p.far.ends(t, 6, "cannot make the connection to 127.0.0.1:"+port+": connect: connection refused")
}

func TestConnectionRefusedToListener(t *testing.T) {
	t.Parallel()
	l := serve(t)
	port := doorOf(l)
	l.Close()
	p := &proxied{t: t, door: freshPort(t), farPort: freshPort(t)}
	p.near = background(t, "viamillipede", "rx", p.farPort, "tx", p.farPort, "terminate", p.door)
	p.call()
	p.far = background(t, "viamillipede", "rx", "localhost", p.farPort, "tx", "localhost", p.farPort, "initiate", "127.0.0.1", port)
	reset(t, "the client", p.client)
	p.near.ends(t, 7, "connection refused")
	p.far.ends(t, 6, "connection refused")
}

// Whichever program is killed, the connections at both ends are reset.
func TestConnectionKilled(t *testing.T) {
	for _, name := range []string{"near", "far"} {
		t.Run(name, func(t *testing.T) {
			p := connect(t, []string{"dead", "1"}, []string{"dead", "1"})
			struck, left := p.near, p.far
			if name == "far" {
				struck, left = left, struck
			}
			if err := struck.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			struck.ends(t, -1, "")
			left.ends(t, 5, "")
			reset(t, "the client", p.client)
			reset(t, "the server", p.server)
		})
	}
}

// One that is told to stop resets them too, and says so.
func TestConnectionStopped(t *testing.T) {
	p := connect(t, nil, nil)
	for from, to := range map[net.Conn]net.Conn{p.client: p.server, p.server: p.client} { // both directions have links
		if _, err := from.Write([]byte("!")); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(to, make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.near.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	p.near.ends(t, 143, "stopped by SIGTERM")
	p.far.ends(t, 7, "")
	reset(t, "the client", p.client)
	reset(t, "the server", p.server)
}

// While no client has come, terminate ends at once, and nobody connects to the server. Strangers make no connection either.
func TestConnectionNotYet(t *testing.T) {
	l := serve(t)
	p := proxy(t, doorOf(l), nil, nil)
	until(t, "initiate listens", func() bool {
		c, err := net.Dial("tcp", "127.0.0.1:"+p.farPort)
		if err == nil {
			_, _ = c.Write([]byte("GET / HTTP/1.0\r\n\r\n"))
			_, _ = io.ReadAll(c)
			c.Close()
		}
		return err == nil
	})
	until(t, "terminate listens", func() bool { return listensAt(t, p.door) })
	_ = p.near.Process.Signal(syscall.SIGTERM)
	p.near.ends(t, 143, "stopped by SIGTERM")
	_ = p.far.Process.Signal(syscall.SIGTERM)
	p.far.ends(t, 143, "stopped by SIGTERM")
	_ = l.SetDeadline(time.Now())
	if c, err := l.Accept(); err == nil {
		c.Close()
		t.Error("somebody has connected")
	}
}

// One direction alone: what the client sends, and what the server says is nobody's.
func TestConnectionOneWay(t *testing.T) {
	t.Parallel()
	l := serve(t)
	p := &proxied{t: t, door: freshPort(t), farPort: freshPort(t)}
	p.far = background(t, "viamillipede", "rx", p.farPort, "initiate", "127.0.0.1", doorOf(l))
	p.near = background(t, "viamillipede", "tx", "localhost", p.farPort, "terminate", "127.0.0.1:"+p.door)
	p.call()
	data := randomBytes(3<<20, 4)
	go func() { _, _ = p.client.Write(data); _ = p.client.CloseWrite() }()
	p.answer(l)
	if _, err := p.server.Write(randomBytes(1<<20, 5)); err != nil {
		t.Error(err)
	}
	if got, err := io.ReadAll(p.server); err != nil || !bytes.Equal(got, data) {
		t.Errorf("%d bytes come, %v", len(got), err)
	}
	p.good()
	if n, err := io.Copy(io.Discard, p.client); n != 0 || err != nil {
		t.Errorf("%d bytes come back, %v", n, err)
	}
}

// Many connections at a time go over one port, each with streams of its own; one that is reset is nothing to the others.
func TestConnectionsKept(t *testing.T) {
	t.Parallel()
	const clients = 5
	l := serve(t)
	door, port := freshPort(t), freshPort(t)
	far := background(t, "viamillipede", "rx", port, "tx", port, "keep", fmt.Sprint(clients), "window", "8M", "initiate", "127.0.0.1", doorOf(l))
	near := background(t, "viamillipede", "rx", "localhost", port, "tx", "localhost", port, "keep", "window", "8M", "chaos", "9", "terminate", door)
	_ = l.SetDeadline(time.Now().Add(filePatience / 2))
	pairs := make([]*proxied, clients)
	for i := range pairs { // all are there at the same time
		pairs[i] = &proxied{t: t, near: near, far: far, door: door}
		pairs[i].call()
		pairs[i].answer(l)
	}
	for i, p := range pairs {
		if i == 0 {
			abort(p.client)
			reset(t, "the server", p.server)
			continue
		}
		question, answer := randomBytes(300_000+i, uint64(i)), randomBytes(200_000+i, uint64(i+100))
		go func() { _, _ = p.client.Write(question); _ = p.client.CloseWrite() }()
		got, err := io.ReadAll(p.server)
		if err != nil || !bytes.Equal(got, question) {
			t.Fatalf("client %d: %d bytes come, %v", i, len(got), err)
		}
		go func() { _, _ = p.server.Write(answer); p.server.Close() }()
		if got, err = io.ReadAll(p.client); err != nil || !bytes.Equal(got, answer) {
			t.Fatalf("client %d: %d bytes come back, %v", i, len(got), err)
		}
	}
	_ = near.Process.Signal(syscall.SIGTERM)
	near.ends(t, 0, "stream ")
	_ = far.Process.Signal(syscall.SIGTERM)
	far.ends(t, 0, "stream ")
}

// A signal takes no more connections, and lets those that are there end by themselves.
func TestConnectionsDrained(t *testing.T) {
	t.Parallel()
	l := serve(t)
	door, port := freshPort(t), freshPort(t)
	far := background(t, "viamillipede", "rx", port, "tx", port, "keep", "window", "8M", "initiate", "127.0.0.1", doorOf(l))
	near := background(t, "viamillipede", "rx", "localhost", port, "tx", "localhost", port, "keep", "3", "window", "8M", "terminate", door)
	p := &proxied{t: t, near: near, far: far, door: door}
	p.call()
	p.answer(l)
	_ = near.Process.Signal(syscall.SIGTERM)
	until(t, "nobody is taken", func() bool { return !listensAt(t, door) })
	go func() { _, _ = io.WriteString(p.client, "still there"); _ = p.client.CloseWrite() }()
	if got, err := io.ReadAll(p.server); err != nil || string(got) != "still there" {
		t.Errorf("%q comes, %v", got, err)
	}
	p.server.Close()
	near.ends(t, 0, "")
	_ = far.Process.Signal(syscall.SIGTERM)
	far.ends(t, 0, "")
}

// Where no descriptor is left, that is said once, and those who have come are taken as soon as there is one.
func TestConnectionsWithoutDescriptors(t *testing.T) {
	t.Parallel()
	l := serve(t)
	door, port, log := freshPort(t), freshPort(t), filepath.Join(t.TempDir(), "log")
	far := background(t, "viamillipede", "rx", port, "tx", port, "keep", "window", "8M", "initiate", "127.0.0.1", doorOf(l))
	near := background(t, "viamillipede", "rx", "localhost", port, "tx", "localhost", port, "keep", "3", "window", "8M", "terminate", door, "log", log)
	said := func() string {
		text, _ := os.ReadFile(log)
		return string(text)
	}
	p := &proxied{t: t, near: near, far: far, door: door}
	until(t, "terminate listens", func() bool { return listensAt(t, door) })
	var usual unix.Rlimit
	if err := unix.Prlimit(near.Process.Pid, unix.RLIMIT_NOFILE, nil, &usual); err != nil {
		t.Fatal(err)
	}
	if err := unix.Prlimit(near.Process.Pid, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 1, Max: usual.Max}, nil); err != nil {
		t.Fatal(err)
	}
	p.call()
	until(t, "it says so", func() bool { return strings.Contains(said(), "cannot take a connection: ") })
	time.Sleep(4 * takePause) // time to say it again
	if err := unix.Prlimit(near.Process.Pid, unix.RLIMIT_NOFILE, &usual, nil); err != nil {
		t.Fatal(err)
	}
	p.answer(l)
	p.client.Close()
	p.server.Close()
	_ = near.Process.Signal(syscall.SIGTERM)
	near.ends(t, 0, "")
	if text := said(); strings.Count(text, "cannot take a connection") != 1 || !strings.Contains(text, "connections are taken again") {
		t.Errorf("it said:\n%s", text)
	}
	_ = far.Process.Signal(syscall.SIGTERM)
	far.ends(t, 0, "")
}

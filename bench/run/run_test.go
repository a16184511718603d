package run

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"viamillipede/bench/result"
	"viamillipede/engine"
	"viamillipede/engine/rig"
	"viamillipede/engine/wire"
)

// soon bounds every wait of a test: far longer than any of them takes.
const soon = 60 * time.Second

// text gathers what is printed. It may be read meanwhile.
type text struct {
	mu   sync.Mutex
	b    bytes.Buffer
	news chan struct{} // something may have come
}

func newText() *text { return &text{news: make(chan struct{}, 1)} }

// Write never fails.
func (t *text) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	select {
	case t.news <- struct{}{}:
	default:
	}
	return t.b.Write(p)
}

func (t *text) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.b.String()
}

// await waits for a match, and gives what its groups are.
func (x *text) await(t *testing.T, expr string) []string {
	t.Helper()
	late := time.After(soon)
	for {
		if m := regexp.MustCompile(expr).FindStringSubmatch(x.String()); m != nil {
			return m
		}
		select {
		case <-x.news:
		case <-late:
			t.Fatalf("never said %s, but:\n%s", expr, x)
		}
	}
}

// server runs a bench rx on loopback.
type testServer struct {
	port      uint16
	out, said *text
	cancel    context.CancelCauseFunc
	ended     chan error
}

var errStop = &engine.Error{Status: engine.StatusInterrupt, Reason: "stopped"}

func startServer(t *testing.T, change func(c *Config)) *testServer {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	s := &testServer{out: newText(), said: newText(), cancel: cancel, ended: make(chan error, 1)}
	c := Config{Options: options(), Out: s.out, Err: s.said}
	if change != nil {
		change(&c)
	}
	go func() { s.ended <- Serve(ctx, c) }()
	t.Cleanup(func() {
		cancel(errStop)
		s.end(t)
	})
	_, port, _ := net.SplitHostPort(s.said.await(t, `listening on (\S+)\n`)[1])
	_, err := fmt.Sscan(port, &s.port)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// end waits for the end of the server.
func (s *testServer) end(t *testing.T) error {
	t.Helper()
	select {
	case err := <-s.ended:
		s.ended <- err
		return err
	case <-time.After(soon):
		t.Fatal("the server does not end")
		return nil
	}
}

func options() engine.Options {
	return engine.Options{Threads: 2, Window: 8 << 20, IO: "auto", Congestion: "auto"}
}

// sender is the configuration of a short bench tx.
func sender(port uint16, out io.Writer) Config {
	paths := []engine.Path{{Host: "127.0.0.1", Port: port}}
	return Config{
		Options: options(), Paths: paths, Length: 50 * time.Millisecond, Rounds: 2, Out: out, Err: io.Discard,
		Variants: []Variant{{Options: options(), Paths: paths}},
	}
}

func bounded(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	t.Cleanup(cancel)
	return ctx
}

// Both ends print all rounds of all variants, from memory and through pipes, made here and checked there; and there may be a
// warmup.
func TestRounds(t *testing.T) {
	s := startServer(t, nil)
	for name, change := range map[string]func(c *Config){
		"memory": func(c *Config) {},
		"warmup": func(c *Config) { c.Warmup, c.Length = 50*time.Millisecond, time.Second }, // what comes after it has to move something
		"pipes":  func(c *Config) { c.Pipes = true },
		"prbs":   func(c *Config) { c.Variants[0].Options.PRBS, c.Variants[0].Options.Seed = true, 7 },
		"copy":   func(c *Config) { c.Variants[0].Options.IO = "copy" },
		"sweep": func(c *Config) {
			one, two := c.Variants[0], c.Variants[0]
			one.Settings, two.Settings = []Setting{{"threads", "1"}}, []Setting{{"threads", "3"}}
			one.Options.Threads, two.Options.Threads = 1, 3
			c.Variants = []Variant{one, two}
		},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			c := sender(s.port, &out)
			c.JSON = filepath.Join(t.TempDir(), "json")
			change(&c)
			if err := Send(bounded(t), c); err != nil {
				t.Fatal(err)
			}
			f, err := result.Read(c.JSON)
			if err != nil {
				t.Fatal(err)
			}
			if len(f.Results) != c.count() || f.Hosts["rx"].Kernel == "" || f.Hosts["rx"].Kernel != f.Hosts["tx"].Kernel {
				t.Errorf("%d results of %d; hosts %+v", len(f.Results), c.count(), f.Hosts)
			}
			for _, r := range f.Results {
				if r.Values["MB/s"] <= 0 || r.Values["tx-B"] != r.Values["rx-B"] || r.Values["rx-cpu-s/GiB"] <= 0 {
					t.Errorf("%+v", r)
				}
			}
			t.Log("\n" + out.String())
		})
	}
	if strings.Contains(s.said.String(), "refused") {
		t.Error(s.said)
	}
}

// A server ends after so many rounds, and one that nobody comes to ends too.
func TestServerEnds(t *testing.T) {
	s := startServer(t, func(c *Config) { c.Serve = 2 })
	if err := Send(bounded(t), sender(s.port, io.Discard)); err != nil {
		t.Fatal(err)
	}
	if err := s.end(t); err != nil {
		t.Error(err)
	}
	s = startServer(t, func(c *Config) { c.Wait = 20 * time.Millisecond })
	if err := s.end(t); engine.ExitStatus(err) != engine.StatusConnect {
		t.Error(err)
	}
}

// What is no bench is refused, by whoever notices, and the server goes on.
func TestStrangers(t *testing.T) {
	s := startServer(t, nil)
	for _, c := range []struct{ sent, want string }{
		{"GET / HTTP/1.1\r\n\r\n", `refused \S+: no viamillipede bench`},
		{string(wire.Hello{MaxLeg: 1}.Append(nil)), `refused \S+: a viamillipede sender, not a bench`},
		{string(appendHello(nil)[:8]) + "\x09\x00\x00\x00\x00\x00\x00\x00", `refused \S+: another version of the bench: 9`},
		{string(appendHello(nil)) + "\xff\xff\xff\xff", `refused \S+: a message that makes no sense`},
	} {
		conn := connect(t, s.port)
		if _, err := io.WriteString(conn, c.sent); err != nil {
			t.Fatal(err)
		}
		s.said.await(t, c.want)
	}
	if err := Send(bounded(t), sender(s.port, io.Discard)); err != nil {
		t.Error(err)
	}
}

func connect(t *testing.T, port uint16) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// A sender that comes to a bench gets an answer in its own language.
func TestSenderTurnedAway(t *testing.T) {
	s := startServer(t, nil)
	tx, err := rig.NewSender(rig.SendConfig{
		Setup: rig.Setup{Options: options(), Hooks: rig.Hooks{Blank: true}}, Paths: []engine.Path{{Host: "127.0.0.1", Port: s.port}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Run(bounded(t)); engine.ExitStatus(err) != engine.StatusRefused {
		t.Errorf("%v", err)
	}
	s.said.await(t, `a viamillipede sender, not a bench`)
}

// A bench that comes to a receiver, or to nobody, says so.
func TestNoBench(t *testing.T) {
	sink, err := discard()
	if err != nil {
		t.Fatal(err)
	}
	defer sink.Close()
	r, err := engine.NewReceiver(engine.ReceiveConfig{Options: options(), Sink: int(sink.Fd())})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { r.Run(ctx) })
	defer running.Wait()
	defer cancel()
	port := r.Addr().(*net.TCPAddr).AddrPort().Port()
	err = Send(bounded(t), sender(port, io.Discard))
	if engine.ExitStatus(err) != engine.StatusRefused || !errors.Is(err, errReceiver) {
		t.Errorf("%v", err)
	}

	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	c := sender(uint16(l.Addr().(*net.TCPAddr).Port), io.Discard)
	c.Options.Connect = 50 * time.Millisecond
	if err := Send(bounded(t), c); engine.ExitStatus(err) != engine.StatusConnect {
		t.Errorf("%v", err)
	}
}

// A second bench is told that the first one is served.
func TestBusy(t *testing.T) {
	s := startServer(t, nil)
	first, err := open(t.Context(), connect(t, s.port), dialling, "server", result.Host{})
	if err != nil {
		t.Fatal(err)
	}
	defer first.close()
	s.out.await(t, "bench from ")
	err = Send(bounded(t), sender(s.port, io.Discard))
	if engine.ExitStatus(err) != engine.StatusRefused || !strings.Contains(err.Error(), "busy with another bench") {
		t.Errorf("%v", err)
	}
}

// A round that cannot begin is an error of the sender's, in the server's words.
func TestServerCannot(t *testing.T) {
	s := startServer(t, nil)
	c := sender(s.port, io.Discard)
	c.Variants[0].Options.Window = 5
	err := Send(bounded(t), c)
	if engine.ExitStatus(err) != engine.StatusUsage || !strings.Contains(err.Error(), "window 5") {
		t.Errorf("%v", err)
	}
}

// A server that is stopped in the middle of a round is an error, at once; a sender that is stopped prints what there is, and
// the server goes on.
func TestStopped(t *testing.T) {
	s := startServer(t, nil)
	said := newText()
	c := sender(s.port, said)
	c.Rounds, c.Length, c.Verbose, c.Err = 1000, 100*time.Millisecond, 1, said
	ctx, stop := context.WithCancelCause(bounded(t))
	ended := make(chan error, 1)
	go func() { ended <- Send(ctx, c) }()
	said.await(t, "round 2 of 1000")
	stop(errStop)
	if err := <-ended; err != errStop {
		t.Errorf("%v", err)
	}
	if !strings.Contains(said.String(), "median") {
		t.Errorf("no summary:\n%s", said)
	}

	said = newText()
	c.Out, c.Err, c.Length = said, said, soon
	go func() { ended <- Send(bounded(t), c) }()
	said.await(t, "round 1 of 1000")
	s.out.await(t, "(?s)bench from .*bench from ")
	s.cancel(errStop)
	err := <-ended
	switch engine.ExitStatus(err) {
	case engine.StatusRemotePipe, engine.StatusLost:
	case engine.StatusRefused: // it stopped before this round had begun
	default:
		t.Errorf("%v", err)
	}
	if err := s.end(t); err != errStop {
		t.Errorf("%v", err)
	}
}

package lanes

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"viamillipede/netio/lane"
)

// said gathers lines.
type said struct {
	mu    sync.Mutex
	lines []string
}

func (s *said) log(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = append(s.lines, line)
}

func (s *said) has(text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Contains(strings.Join(s.lines, "\n"), text)
}

// receive serves a session on loopback; call waits until it does.
func receive(t *testing.T) (port uint16, words *said, end func() error, result <-chan error) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port = l.Addr().(*net.TCPAddr).AddrPort().Port()
	l.Close()
	words = new(said)
	ctx, cancel := context.WithCancelCause(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- Receive(ctx, ReceiveConfig{Bind: netip.MustParseAddr("127.0.0.1"), Port: port, Log: words.log})
	}()
	call(t, port).Close()
	return port, words, func() error { cancel(errEnough); return <-done }, done
}

var errEnough = errors.New("enough")

// call connects to the receiver, once it is there.
func call(t *testing.T, port uint16) net.Conn {
	t.Helper()
	to := net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port))
	for end := time.Now().Add(time.Minute); ; {
		c, err := net.DialTCP("tcp", nil, to)
		if err == nil {
			c.SetDeadline(time.Now().Add(time.Minute))
			return c
		}
		if !errors.Is(err, syscall.ECONNREFUSED) || time.Now().After(end) {
			t.Fatal(err)
		}
	}
}

// TestSession measures loopback, which is one lane, with a stranger on the port.
func TestSession(t *testing.T) {
	port, words, _, result := receive(t)
	stranger := call(t, port)
	if _, err := stranger.Write([]byte("GET / HTTP/1.1\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	if n, err := stranger.Read(make([]byte, 1)); n > 0 || err == nil {
		t.Error("a stranger is answered")
	}
	r, err := Transmit(t.Context(), TransmitConfig{
		Host: "127.0.0.1", Port: port, Flows: 8, Load: 200 * time.Millisecond, Log: func(line string) { t.Log(line) },
		Words: Words{Lanes: func(s lane.Set) string { return s.Kind.String() }, Basis: func(lane.Set) string { return "none" }},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := <-result; err != nil {
		t.Errorf("rx: %v", err)
	}
	if r.Kind != "device" || len(r.Lanes) != 1 || r.Lanes[0].Device != "lo" || r.Lanes[0].Flows != 8 || r.Goodput == 0 || r.Sum == 0 {
		t.Errorf("%+v", r)
	}
	for _, f := range r.Flows {
		if f.Lane != 0 || f.Arrival == nil || f.Arrival.Bytes < f.Bytes {
			t.Errorf("%+v, %+v", f, f.Arrival)
		}
	}
	if !words.has("not a `lanes tx`") {
		t.Errorf("of the stranger is said %q", words.lines)
	}
}

// TestRefused: a second tx, and a flow of another session, are refused; a tx that goes away is an error, and so is a wrong
// question.
func TestRefused(t *testing.T) {
	port, _, _, result := receive(t)
	ask := func(h hello) (net.Conn, error) {
		c := call(t, port)
		t.Cleanup(func() { c.Close() })
		if _, err := c.Write(h.append(nil)); err != nil {
			t.Fatal(err)
		}
		return c, readAnswer(c)
	}
	first, err := ask(hello{kind: kindControl, session: [16]byte{1}})
	if err != nil {
		t.Fatal(err)
	}
	for name, h := range map[string]hello{
		"another tx":   {kind: kindControl, session: [16]byte{2}},
		"another flow": {kind: kindFlow, session: [16]byte{2}},
	} {
		if _, err := ask(h); !errors.Is(err, ErrRefused) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := ask(hello{kind: kindFlow, flow: 1, session: [16]byte{1}}); err != nil {
		t.Errorf("our own flow: %v", err)
	}
	if _, err := ask(hello{kind: kindFlow, flow: 1, session: [16]byte{1}}); !errors.Is(err, ErrRefused) {
		t.Errorf("the same flow again: %v", err)
	}
	first.Close()
	if err := <-result; err == nil || !strings.Contains(err.Error(), "went away") {
		t.Errorf("rx: %v", err)
	}
}

// TestStopped: a receiver that nobody calls ends with its context.
func TestStopped(t *testing.T) {
	_, _, end, _ := receive(t)
	if err := end(); !errors.Is(err, errEnough) {
		t.Errorf("%v", err)
	}
}

package far

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"viamillipede/engine/seal"
)

// soon bounds waits, in tests that do not hang.
const soon = 30 * time.Second

// answered is what Answer has returned.
type answered struct {
	order *Order
	err   error
}

// pair is a near end and a far end without ssh.
func pair(t *testing.T, s Self) (*Host, chan answered) {
	t.Helper()
	var pipes [2][2]*os.File
	for i := range pipes {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		pipes[i] = [2]*os.File{r, w}
		t.Cleanup(func() { r.Close(); w.Close() })
	}
	h := &Host{
		Config: Config{Name: "there", Destination: "there", Version: "1", Say: func(string) {}},
		ask:    pipes[0][1], answers: pipes[1][0], heard: bufio.NewReader(pipes[1][0]),
		exited: make(chan struct{}), told: make(chan struct{}), contact: newContact(),
	}
	close(h.told)
	ended := make(chan answered, 1)
	go func() {
		o, err := Answer(pipes[0][0], pipes[1][1], s)
		ended <- answered{o, err}
	}()
	return h, ended
}

// result waits for what Answer returns.
func result(t *testing.T, ended chan answered) answered {
	t.Helper()
	select {
	case a := <-ended:
		return a
	case <-time.After(soon):
		t.Fatal("the far end still answers")
		panic("unreachable")
	}
}

// nowhere is an address to which no connection can be made.
const nowhere = "255.255.255.255"

var hostile = []string{
	"rx", "", " ", "'", `"`, "`id`", "$(id)", "$HOME", `\`, `\n`, "a\nb\r\n", "\t", "\x00\x01\xff\xfe", "!!", "-x", "--", "*", "~", "#", ";", "&&",
	"|", "é\u2028", strings.Repeat("'\\\"", 40000), mark + saysPort + " 1",
}

// Whatever the words are, they are the same there; the port is the one that was tried; and the key.
func TestMeetAndBegin(t *testing.T) {
	h, ended := pair(t, Self{Version: "1"})
	if err := h.welcome(nil); err != nil {
		t.Fatal(err)
	}
	m, err := h.Meet([][]Way{{{Host: nowhere}, {Host: "localhost"}}, {{Host: "localhost"}}}, Ports{}, &Place{})
	if err != nil {
		t.Fatal(err)
	}
	key := seal.NewKey()
	h.Begin(key, hostile)
	a := result(t, ended)
	if a.err != nil {
		t.Fatal(a.err)
	}
	if !slices.Equal(a.order.Words, hostile) {
		t.Errorf("words %q", a.order.Words)
	}
	if a.order.Inherited.Port() != m.Port || m.Port == 0 || !slices.Equal(m.Where(), []string{strconv.Itoa(int(m.Port))}) {
		t.Errorf("port %d, want %d", a.order.Inherited.Port(), m.Port)
	}
	if a.order.Key.Fingerprint() != key.Fingerprint() {
		t.Error("another key")
	}
	if _, err := net.Dial("tcp", net.JoinHostPort("localhost", strconv.Itoa(int(m.Port)))); err != nil {
		t.Errorf("nobody listens: %v", err)
	}
}

// Where the far end cannot be reached, it dials; it does not listen meanwhile.
func TestMeetTheOtherWay(t *testing.T) {
	h, ended := pair(t, Self{Version: "1", Caller: "127.0.0.1"})
	if err := h.welcome(nil); err != nil {
		t.Fatal(err)
	}
	m, err := h.Meet([][]Way{{{Host: "localhost"}}, {{Host: nowhere}}}, Ports{}, &Place{})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Listener.Close()
	if m.Address != "127.0.0.1" || m.Why == nil || len(m.Where()) != 2 {
		t.Errorf("%+v", m)
	}
	h.Begin(seal.NewKey(), []string{"rx"})
	if a := result(t, ended); a.err != nil || a.order.Inherited != nil {
		t.Errorf("%+v", a)
	}
}

// Where neither can be reached, one line names the ports.
func TestMeetNowhere(t *testing.T) {
	for _, caller := range []string{nowhere, ""} {
		h, ended := pair(t, Self{Version: "1", Caller: caller})
		if err := h.welcome(nil); err != nil {
			t.Fatal(err)
		}
		_, err := h.Meet([][]Way{{{Host: "localhost"}}, {{Host: nowhere}}}, Ports{}, &Place{})
		if err == nil || !strings.Contains(err.Error(), "open port ") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v", err)
		}
		h.ask.Close()
		if a := result(t, ended); a.err != ErrGone {
			t.Errorf("%+v", a)
		}
	}
}

// The near end may go at any moment: the far end ends, and listens no more.
func TestAnswerAlone(t *testing.T) {
	for _, lines := range []string{
		"", "li", "listen 0 0 w\n", "listen 0 0 w\nbegin 2\n", "listen 0 0 w\nbegin 2\n" + string(seal.NewKey().Text()),
		"listen 0 0 w\nbegin 2\n" + string(seal.NewKey().Text()) + "\"rx\"\n\"half", "listen 0 0 w\ndial 1 w\n",
		"nonsense\n", "listen 1\n", "listen 0 0 w\nlisten 0 0 w\n", "listen -1 70000 w\n", "begin 0\nkey\n", "begin -1\n", "begin 1000000\n",
		"begin 1\n" + string(seal.NewKey().Text()) + "rx\n", strings.Repeat("x", lineMost+1) + "\n",
	} {
		var out strings.Builder
		if o, err := Answer(strings.NewReader(lines), &out, Self{Version: "1"}); err != ErrGone && err != ErrPuzzled {
			t.Errorf("%q: %+v, %v", lines, o, err)
		}
		for line := range strings.Lines(out.String()) {
			if port, ok := strings.CutPrefix(line, mark+saysPort+" "); ok {
				if c, err := net.Dial("tcp", "localhost:"+strings.TrimSpace(port)); err == nil {
					c.Close()
					t.Errorf("%q: somebody listens still", lines)
				}
			}
		}
	}
}

// A range of ports: the first free one.
func TestListenInRange(t *testing.T) {
	taken, err := Listen(netip.Addr{}, Ports{})
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := taken.Addr().(*net.TCPAddr).AddrPort().Port()
	if l, err := Listen(netip.Addr{}, Ports{port, port}); err == nil {
		l.Close()
		t.Error("a port that is taken")
	}
	if port > 65000 {
		t.Skip("no range above that port")
	}
	l, err := Listen(netip.Addr{}, Ports{port, port + 100})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if got := l.Addr().(*net.TCPAddr).AddrPort().Port(); got <= port || got > port+100 {
		t.Errorf("port %d, not in (%d, %d]", got, port, port+100)
	}
}

// Something else at the port is not the far end, and neither is what says nothing.
func TestReachTheRightPlace(t *testing.T) {
	for name, answer := range map[string]func(net.Conn){
		"another word": func(c net.Conn) { _, _ = io.WriteString(c, "SSH-2.0-other\r\n"); c.Close() },
		"nothing":      func(c net.Conn) { c.Close() },
		"a part":       func(c net.Conn) { _, _ = io.WriteString(c, "wo"); c.Close() },
	} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				answer(c)
			}
		}()
		port := l.Addr().(*net.TCPAddr).AddrPort().Port()
		if err := reach(context.Background(), []Way{{Host: "127.0.0.1"}}, port, "word"); !errors.Is(err, errElsewhere) {
			t.Errorf("%s: %v", name, err)
		}
		l.Close()
		if err := reach(context.Background(), []Way{{Host: "127.0.0.1"}}, port, "word"); err == nil {
			t.Errorf("%s: reached where nobody listens", name)
		}
	}
}

// When one way leads there, nobody waits for the others.
func TestReachByOneWay(t *testing.T) {
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	p := greet(l, "word")
	stuck := func(dialling context.Context) error { <-dialling.Done(); return dialling.Err() }
	port := l.Addr().(*net.TCPAddr).AddrPort()
	ctx, cancel := context.WithTimeout(context.Background(), soon)
	defer cancel()
	there := func(dialling context.Context) error { return Way{}.knock(ctx, dialling, port, "word") }
	if err := first(ctx, []try{stuck, there, stuck}); err != nil || ctx.Err() != nil {
		t.Error(err)
	}
	p.stop()
}

// A far end that ends before it has begun is no success, whatever the login shell says before.
func TestReadMarked(t *testing.T) {
	r := bufio.NewReaderSize(strings.NewReader("Welcome!\n"+strings.Repeat("x", 100)+"\n"+mark+"port 9\nviamillipede-f"), 64)
	if word, rest, err := readMarked(r); err != nil || word != saysPort || rest != "9" {
		t.Errorf("%q %q %v", word, rest, err)
	}
	if word, _, err := readMarked(r); err != io.EOF {
		t.Errorf("%q %v", word, err)
	}
}

// Whether the other end is gone, once ssh has ended: a link makes it stay, whatever becomes of it, unless the two part.
func TestContact(t *testing.T) {
	apart := func(c *contact) chan struct{} {
		ended := make(chan struct{})
		go func() { c.apart(time.Millisecond, 2*time.Millisecond); close(ended) }()
		return ended
	}
	ends := func(ended chan struct{}) {
		t.Helper()
		select {
		case <-ended:
		case <-time.After(soon):
			t.Error("still waiting")
		}
	}
	c := newContact()
	if c.within(time.Millisecond, nil) {
		t.Error("a link that there was not")
	}
	ends(apart(c))
	c.Await("rx")
	c.Met("rx")
	if !c.within(soon, nil) {
		t.Error("no link")
	}
	ended := apart(c)
	c.Met("rx")
	select {
	case <-ended:
		t.Error("apart, with a link")
	case <-time.After(20 * time.Millisecond):
	}
	c.Parted("rx")
	ends(ended)
	c.Met("rx")
	c.Await("tx") // which never has a link
	ends(apart(c))
	stop := make(chan struct{})
	close(stop)
	if newContact().within(soon, stop) {
		t.Error("a link that there was not")
	}
}

// A copy is this program, or is not used.
func TestCopyIsCompared(t *testing.T) {
	for digest, ok := range map[string]bool{"0123": true, "0124": false, "-": false, "": false} {
		h := &Host{Config: Config{Name: "there", Version: "v 1", Say: func(string) {}}, copied: true, digest: "0123"}
		if err := h.meetsUs(talk + " " + digest + " v 1"); (err == nil) != ok {
			t.Errorf("%q: %v", digest, err)
		}
	}
}

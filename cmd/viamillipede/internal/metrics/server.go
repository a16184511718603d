package metrics

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"viamillipede/cmd/viamillipede/internal/local"
)

const (
	// askMost bounds how long somebody may take to ask and to take the answer, and headMost how many bytes the question may have.
	askMost  = 10 * time.Second
	headMost = 16 << 10
	// guestsMost bounds how many ask at the same time: others wait.
	guestsMost = 8
	// unixPrefix begins the word for a socket of this host.
	unixPrefix = "unix:"
)

// Parse reads where to listen: PORT or :PORT, on this host alone; ADDR:PORT; or unix:PATH.
func Parse(word string) (network, address string, ok bool) {
	if path, is := strings.CutPrefix(word, unixPrefix); is {
		return "unix", path, path != "" && !strings.Contains(path, "\x00")
	}
	if _, err := strconv.Atoi(word); err == nil {
		word = ":" + word
	}
	host, port, err := net.SplitHostPort(word)
	if err != nil {
		return "", "", false
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 || strconv.Itoa(n) != port {
		return "", "", false
	}
	if host == "" {
		host = "127.0.0.1"
	}
	if _, err := netip.ParseAddr(host); err != nil {
		return "", "", false
	}
	return "tcp", net.JoinHostPort(host, port), true
}

// Server answers whoever asks for /metrics.
type Server struct {
	listener net.Listener
	text     func() string
	guests   chan struct{} // a token for each
	all      sync.WaitGroup
	closed   chan struct{}
}

// Listen begins to answer with what text returns, which any number of goroutines call. A socket of this host that nobody listens at any more is
// replaced.
func Listen(network, address string, text func() string) (*Server, error) {
	l, err := listen(network, address)
	if err != nil {
		return nil, local.Cause(err)
	}
	s := &Server{listener: l, text: text, guests: make(chan struct{}, guestsMost), closed: make(chan struct{})}
	s.all.Go(s.accept)
	return s, nil
}

func listen(network, address string) (net.Listener, error) {
	if network != "unix" {
		return net.Listen(network, address)
	}
	l, err := local.Listen(address, 0o777)
	if err != nil {
		return nil, err
	}
	return l, nil
}

// Close ends it; a socket of this host goes.
func (s *Server) Close() {
	close(s.closed)
	s.listener.Close()
	s.all.Wait()
}

// acceptPause is how long nobody is taken after a failure, such as too many open files.
const acceptPause = 100 * time.Millisecond

func (s *Server) accept() {
	for {
		select {
		case s.guests <- struct{}{}:
		case <-s.closed:
			return
		}
		c, err := s.listener.Accept()
		if err == nil {
			s.all.Go(func() {
				defer func() { <-s.guests }()
				s.serve(c)
			})
			continue
		}
		<-s.guests
		select {
		case <-s.closed:
			return
		case <-time.After(acceptPause):
		}
	}
}

// serve answers one question.
func (s *Server) serve(c net.Conn) {
	defer c.Close()
	served := make(chan struct{})
	defer close(served)
	go func() {
		select {
		case <-s.closed:
			c.Close()
		case <-served:
		}
	}()
	if c.SetDeadline(time.Now().Add(askMost)) != nil {
		return
	}
	method, path, ok := ask(c)
	switch {
	case !ok:
		answer(c, "400 Bad Request", "text/plain", "", false)
	case method != "GET" && method != "HEAD":
		answer(c, "405 Method Not Allowed", "text/plain", "", false)
	case path != "/metrics":
		answer(c, "404 Not Found", "text/plain; charset=utf-8", "see /metrics\n", method == "HEAD")
	default:
		answer(c, "200 OK", ContentType, s.text(), method == "HEAD")
	}
}

// ask reads a question: its first line, and the headers, which do not matter.
func ask(c io.Reader) (method, path string, ok bool) {
	in := bufio.NewScanner(io.LimitReader(c, headMost))
	for first := true; in.Scan(); first = false {
		words := strings.Fields(in.Text())
		switch {
		case len(words) == 0:
			return method, path, !first
		case first && (len(words) != 3 || !strings.HasPrefix(words[2], "HTTP/1.")):
			return "", "", false
		case first:
			method = words[0]
			path, _, _ = strings.Cut(words[1], "?")
		}
	}
	return "", "", false
}

// answer writes an answer, and nothing after it.
func answer(c io.Writer, status, kind, body string, bare bool) {
	text := fmt.Sprintf("HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n", status, kind, len(body))
	if !bare {
		text += body
	}
	_, _ = io.WriteString(c, text)
}

package control

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"viamillipede/cmd/viamillipede/internal/local"
)

const (
	// ClientsMost bounds how many clients are served at the same time. Where there are more, one that was answered and asks nothing is let
	// go; if there is none, others wait in the kernel.
	ClientsMost = 8
	// ClientIdle is how long a client may take to ask again, and to take an answer.
	ClientIdle = 30 * time.Second
	// ClientFirst is how long it may take to ask at all.
	ClientFirst = 5 * time.Second
	// acceptPause is how long nobody is taken after a failure, such as too many open files.
	acceptPause = 100 * time.Millisecond
)

// Program is what a Server asks. Any number of goroutines call it.
type Program interface {
	// Status answers status.
	Status(r Request) *Status
	// Set answers set; the error is one line.
	Set(words []string) ([]Change, error)
	// Stop has the program stop, as SIGTERM does; the error is one line.
	Stop() error
}

// Server serves clients, until it is closed.
type Server struct {
	program  Program
	listener *local.Listener
	guests   chan struct{} // a token for each
	rest     rest
	all      sync.WaitGroup
	closed   chan struct{}
	last     Exit // for those that have asked for the end; set before closed is closed
}

// Listen begins to serve clients at a path. A socket there that nobody listens at any more is replaced. The error is what the kernel says.
func Listen(path string, p Program) (*Server, error) {
	l, err := local.Listen(path, 0o600)
	if err != nil {
		return nil, err
	}
	s := &Server{program: p, listener: l, guests: make(chan struct{}, ClientsMost), closed: make(chan struct{})}
	s.all.Go(s.accept)
	return s, nil
}

// Close removes the socket, tells those that wait for the end how the program ends, and lets go of all; it waits at most so long for them.
func (s *Server) Close(status int, meaning string, atMost time.Duration) {
	s.last = Exit{isExit, status, meaning}
	close(s.closed)
	s.listener.Close()
	done := make(chan struct{})
	go func() { defer close(done); s.all.Wait() }()
	late := time.NewTimer(atMost)
	defer late.Stop()
	select {
	case <-done:
	case <-late.C:
	}
}

func (s *Server) accept() {
	for {
		c, err := s.listener.AcceptUnix()
		if err == nil && s.admit() {
			s.all.Go(func() {
				defer func() { <-s.guests }()
				s.serve(c)
			})
			continue
		}
		if err == nil {
			c.Close()
		}
		select {
		case <-s.closed:
			return
		case <-time.After(acceptPause):
		}
	}
}

// admit waits until one more may be served; false: the server is closed.
func (s *Server) admit() bool {
	select {
	case s.guests <- struct{}{}:
		return true
	default:
	}
	s.rest.makeRoom()
	defer s.rest.enough()
	select {
	case s.guests <- struct{}{}:
		return true
	case <-s.closed:
		return false
	}
}

// serve answers a client until it has had enough, or the program ends.
func (s *Server) serve(c *net.UnixConn) {
	defer c.Close()
	served := make(chan struct{})
	defer close(served)
	go func() {
		select {
		case <-s.closed:
			_ = c.SetReadDeadline(time.Now()) // nothing more is heard
		case <-served:
		}
	}()
	if !mayAsk(c) {
		s.say(c, NewError(errors.New("only the user of the program, and root, may ask it")))
		return
	}
	in := bufio.NewReaderSize(c, RequestMost)
	if c.SetDeadline(time.Now().Add(ClientFirst)) != nil {
		return
	}
	for !s.over() && s.hear(c, in) {
		if c.SetDeadline(time.Now().Add(ClientIdle)) != nil || !s.rest.begin(c) {
			return
		}
	}
	s.rest.end(c)
}

// hear answers the next request of a client, and reports whether it may ask again.
func (s *Server) hear(c *net.UnixConn, in *bufio.Reader) bool {
	line, err := in.ReadSlice('\n')
	s.rest.end(c)
	if err != nil && !(errors.Is(err, io.EOF) && len(line) > 0) {
		if errors.Is(err, bufio.ErrBufferFull) {
			s.say(c, NewError(errors.New("a request that is too long")))
		}
		return false
	}
	return s.answer(c, line)
}

// over reports whether the server is closed.
func (s *Server) over() bool {
	select {
	case <-s.closed:
		return true
	default:
		return false
	}
}

// answer answers a line, and reports whether the client may ask again.
func (s *Server) answer(c *net.UnixConn, line []byte) bool {
	r, err := ParseRequest(line)
	if err != nil {
		return s.say(c, NewError(err))
	}
	switch r.Ask {
	case AskStatus:
		return s.say(c, s.program.Status(r))
	case AskSet:
		changes, err := s.program.Set(r.Words)
		if err != nil {
			return s.say(c, NewError(err))
		}
		return s.say(c, NewSet(changes))
	}
	if err := s.program.Stop(); err != nil {
		return s.say(c, NewError(err))
	}
	if s.say(c, &Stopping{isStopping}) {
		s.seeOut(c)
	}
	return false
}

// seeOut waits for the end of the program, unless the client goes before.
func (s *Server) seeOut(c *net.UnixConn) {
	_ = c.SetDeadline(time.Time{})
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		_, _ = c.Read(make([]byte, 1)) // the client has nothing more to say; Close of the connection, or of the server, ends this
	}()
	select {
	case <-s.closed:
		s.say(c, &s.last)
	case <-gone:
		if s.over() {
			s.say(c, &s.last)
		}
	}
}

// say writes an answer, and reports whether the client has taken it.
func (s *Server) say(c *net.UnixConn, answer any) bool {
	line, err := json.Marshal(answer)
	if err != nil || c.SetWriteDeadline(time.Now().Add(ClientIdle)) != nil {
		return false
	}
	_, err = c.Write(append(line, '\n'))
	return err == nil
}

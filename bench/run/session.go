package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"time"

	"viamillipede/bench/result"
	"viamillipede/engine"
)

// session is a control connection on which both ends have sent a hello. One goroutine uses it; another reads, so that the
// end of the connection is noticed at once, even in the middle of a stream.
type session struct {
	conn net.Conn
	peer string      // for people
	here result.Host // this machine
	host result.Host // the other end's

	in   chan message  // what was read; closed once why is set
	gone chan struct{} // closed once why is set
	why  error         // why there is nothing more to read; set before gone is closed
}

// messagesAhead is how many messages may wait: a peer never sends more than a report and a fault ahead.
const messagesAhead = 4

// side is which end of a control connection something belongs to.
type side int

const (
	dialling side = iota
	accepting
)

// open exchanges hellos on a connection and then descriptions of both machines. The end that accepts speaks second: the
// other may be the sender of a stream, which takes the first bytes it gets for an answer. The session then owns the
// connection; on an error it is closed. peer names the other end for people.
func open(ctx context.Context, conn net.Conn, as side, peer string, host result.Host) (*session, error) {
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	s := &session{conn: conn, peer: peer, here: host, in: make(chan message, messagesAhead), gone: make(chan struct{})}
	if err := s.greet(as, host); err != nil {
		switch {
		case as == accepting && errors.Is(err, errSender):
			turnAway(conn)
		case as == accepting && errors.Is(err, errVersion):
			_, _ = conn.Write(appendHello(nil)) // so that it can tell, too
		}
		conn.Close()
		return nil, causeOf(ctx, err)
	}
	go s.read()
	return s, nil
}

func (s *session) greet(as side, host result.Host) error {
	if err := s.conn.SetDeadline(time.Now().Add(helloTime)); err != nil {
		return err
	}
	steps := []func() error{
		func() error { _, err := s.conn.Write(appendHello(nil)); return err },
		func() error { return readHello(s.conn) },
	}
	if as == accepting {
		slices.Reverse(steps)
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	if err := writeMessage(s.conn, message{Host: &host}); err != nil {
		return err
	}
	m, err := readMessage(s.conn)
	switch {
	case err != nil:
		return err
	case m.Fault != nil:
		return m.Fault.error(s.peer)
	case m.Host == nil:
		return errMessage
	}
	s.host = *m.Host
	cleanHost(&s.host)
	return s.conn.SetDeadline(time.Time{})
}

// error is this end's error for a fault that the other end reported.
func (f *fault) error(peer string) *engine.Error {
	status := engine.Status(f.Status)
	switch status {
	case engine.StatusRefused, engine.StatusIntegrity, engine.StatusUsage, engine.StatusConnect:
	default:
		status = engine.StatusRemotePipe
	}
	return fail(status, nil, "the bench at %s: %s", peer, f.Text)
}

// read reads until the connection ends or the peer sends more than it was asked for.
func (s *session) read() {
	defer close(s.in)
	defer close(s.gone) // before in
	for {
		m, err := readMessage(s.conn)
		if err != nil {
			s.why = err
			return
		}
		select {
		case s.in <- m:
		default:
			s.why = fmt.Errorf("%w: nobody asked for it", errMessage)
			return
		}
	}
}

// lost is the error of a connection that is over, after gone is closed.
func (s *session) lost() *engine.Error {
	if errors.Is(s.why, errMessage) {
		return fail(engine.StatusRefused, s.why, "the bench at %s", s.peer)
	}
	if s.why == io.EOF {
		return fail(engine.StatusLost, nil, "the bench at %s is gone: its control connection was closed", s.peer)
	}
	return fail(engine.StatusLost, s.why, "the bench at %s is gone", s.peer)
}

func (s *session) say(m message) error {
	_ = s.conn.SetWriteDeadline(time.Now().Add(talkTime))
	if err := writeMessage(s.conn, m); err != nil {
		return fail(engine.StatusLost, err, "the bench at %s is gone", s.peer)
	}
	return nil
}

// forever is how long to wait for what has no time.
const forever = time.Duration(1<<63 - 1)

// hear waits for a message, as long as ctx and the given time allow. A fault reported by the other end is an error.
func (s *session) hear(ctx context.Context, atMost time.Duration) (message, error) {
	timeout := time.NewTimer(atMost)
	defer timeout.Stop()
	select {
	case m, ok := <-s.in:
		switch {
		case !ok:
			return message{}, s.lost()
		case m.Fault != nil:
			return message{}, m.Fault.error(s.peer)
		}
		return m, nil
	case <-ctx.Done():
		return message{}, context.Cause(ctx)
	case <-timeout.C:
		return message{}, fail(engine.StatusLost, nil, "the bench at %s says nothing for %v", s.peer, atMost)
	}
}

// guard returns a context that also ends with the connection.
func (s *session) guard(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		select {
		case <-s.gone:
			cancel(s.lost())
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(nil) }
}

func (s *session) close() {
	s.conn.Close()
	<-s.gone
}

package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"viamillipede/engine"
	"viamillipede/engine/rig"
	"viamillipede/netio/dial"
)

// Prefix begins every line on standard error.
const Prefix = "viamillipede bench "

const (
	// guestsMost bounds the connections that have not said who they are; any more are closed unheard.
	guestsMost = 16
	// linesMost bounds the lines about strangers between two benches.
	linesMost = 8
	// busyTime is how long a bench may wait for its turn while another is being served.
	busyTime = 2 * time.Second
	// queueTime is how long one waits before it is told that it waits, where that may take long.
	queueTime = 100 * time.Millisecond
)

// server serves benches, one after another.
type server struct {
	c        *Config
	sessions chan *session // unbuffered: whoever serves takes from it
	seats    chan struct{}
	guests   sync.WaitGroup

	mu        sync.Mutex
	strangers int // since the last bench; guarded by mu
}

// Serve serves benches until ctx ends, or as many rounds as wanted were served, or nobody has come for too long. Every
// error is an *engine.Error; if ctx ended with such a cause, that is the error. A bench that failed is reported and is
// not an error.
func Serve(ctx context.Context, c Config) error {
	l, err := dial.Listen(ctx, c.Options.Bind, c.Port)
	if err != nil {
		return fail(engine.StatusConnect, err, "cannot listen on port %d", c.Port)
	}
	sv := &server{c: &c, sessions: make(chan *session), seats: make(chan struct{}, guestsMost)}
	guests, turnOut := context.WithCancel(ctx)
	broken := make(chan error, 1)
	go func() { broken <- sv.accept(guests, l) }()
	c.say("listening on %v", l.Addr())
	err = sv.serve(ctx, broken)
	turnOut()
	l.Close()
	sv.guests.Wait()
	return err
}

func (sv *server) serve(ctx context.Context, broken <-chan error) error {
	served := 0
	for sv.c.Serve == 0 || served < sv.c.Serve {
		s, err := sv.next(ctx, broken, served)
		if s == nil {
			return err
		}
		n, err := sv.c.attend(ctx, s, newPrinter(sv.c), sv.c.Serve-served)
		s.close()
		served += n
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			sv.c.say("%v", err)
		}
	}
	return nil
}

// next waits for a bench; it returns nil if there will be none.
func (sv *server) next(ctx context.Context, broken <-chan error, served int) (*session, error) {
	var enough <-chan time.Time
	if sv.c.Wait > 0 {
		t := time.NewTimer(sv.c.Wait)
		defer t.Stop()
		enough = t.C
	}
	sv.mu.Lock()
	sv.strangers = 0
	sv.mu.Unlock()
	select {
	case s := <-sv.sessions:
		return s, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case err := <-broken:
		return nil, fail(engine.StatusConnect, err, "cannot go on listening")
	case <-enough:
	}
	if served > 0 {
		return nil, nil
	}
	return nil, fail(engine.StatusConnect, nil, "no bench within %v", sv.c.Wait)
}

// accept hears whoever connects until the listener is of no more use.
func (sv *server) accept(ctx context.Context, l *net.TCPListener) error {
	for {
		conn, err := l.AcceptTCP()
		switch {
		case err == nil:
		case ctx.Err() != nil || dial.ListenerGone(err):
			return err
		default: // out of descriptors, or the connection is already gone
			select {
			case <-time.After(dialAgain):
			case <-ctx.Done():
			}
			continue
		}
		select {
		case sv.seats <- struct{}{}:
			sv.guests.Go(func() { sv.hear(ctx, conn); <-sv.seats })
		default:
			conn.Close()
		}
	}
}

// hear turns a connection into a session, which waits a moment for its turn, or refuses it.
func (sv *server) hear(ctx context.Context, conn *net.TCPConn) {
	keepAlive(conn)
	who := conn.RemoteAddr().String()
	s, err := open(ctx, conn, accepting, who, hostFacts(deviceOf(conn)))
	if err != nil {
		sv.refused(ctx, who, err)
		return
	}
	patience := busyTime
	if sv.c.Queue {
		patience = queueTime
	}
	turn := time.NewTimer(patience)
	defer turn.Stop()
	select {
	case sv.sessions <- s:
		return
	case <-s.gone:
	case <-ctx.Done():
	case <-turn.C:
		if sv.c.Queue && s.say(message{Wait: &wait{}}) == nil {
			sv.queue(ctx, s)
			return
		}
		sv.refused(ctx, who, errors.New("busy with another bench"))
		_ = s.say(message{Fault: &fault{int(engine.StatusRefused), "it is busy with another bench"}})
	}
	s.close()
}

// queue waits until the session has its turn, after those that came before, or until one of the ends has gone.
func (sv *server) queue(ctx context.Context, s *session) {
	select {
	case sv.sessions <- s:
		return
	case <-s.gone:
	case <-ctx.Done():
	}
	s.close()
}

// refused reports a stranger, without letting strangers flood standard error.
func (sv *server) refused(ctx context.Context, who string, why error) {
	sv.mu.Lock()
	sv.strangers++
	say := sv.strangers <= linesMost
	sv.mu.Unlock()
	if say && ctx.Err() == nil {
		sv.c.say("refused %s: %v", who, why)
	}
}

// ServeOne serves one bench, whose control connection is standard input, and prints nothing: the other end does that and
// is told what goes wrong. An error, an *engine.Error, means that standard input is not a connection to a bench.
func ServeOne(ctx context.Context, c Config) error {
	conn, err := net.FileConn(os.Stdin)
	if err != nil {
		return fail(engine.StatusUsage, err, "standard input is not a connection")
	}
	device := deviceOf(conn)
	_, local := conn.(*net.UnixConn) // to a bench of this user, on this machine
	if local {
		device = "lo"
	}
	s, err := open(ctx, conn, accepting, "standard input", hostFacts(device))
	if err != nil {
		return refusal(ctx, "standard input", err)
	}
	defer s.close()
	quiet := c
	quiet.trusts = local
	quiet.Out, quiet.Err = io.Discard, io.Discard // standard output may be the same connection
	_, _ = c.attend(ctx, s, newPrinter(&quiet), c.Serve)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// attend serves one bench: rounds, one after another, at most most of them if that is more than 0. The error says why the
// last one failed.
func (c *Config) attend(ctx context.Context, s *session, p *printer, most int) (served int, err error) {
	var all []round
	defer func() {
		p.summary(all)
		p.says("") // separates the next bench
	}()
	p.says("bench from %s", s.peer)
	for most <= 0 || served < most {
		m, err := s.hear(ctx, replyTime)
		switch {
		case err != nil && s.over() && s.why == io.EOF:
			return served, nil // it has everything it wanted
		case err != nil:
			return served, err
		case m.Ask == nil:
			return served, fail(engine.StatusRefused, errMessage, "the bench at %s", s.peer)
		}
		served++
		p.begin(m.Ask.Number, m.Ask.Of, m.Ask.Name)
		rounds, err := c.attendRound(ctx, s, m.Ask, p)
		if err != nil {
			return served, err
		}
		for _, r := range rounds {
			r.number, r.of, r.name = m.Ask.Number, m.Ask.Of, m.Ask.Name+r.name
			p.row(r)
			all = append(all, r)
		}
	}
	return served, nil
}

// over reports whether the connection has ended.
func (s *session) over() bool {
	select {
	case <-s.gone:
		return true
	default:
		return false
	}
}

// attendRound receives one stream and returns what both ends measured, of the stream that goes back too.
func (c *Config) attendRound(ctx context.Context, s *session, a *ask, p *printer) ([]round, error) {
	rx, err := c.receive(ctx, s, a, p)
	if not, ok := errors.AsType[notReady](err); ok {
		_ = s.say(message{Fault: faultOf(not.error)})
		return nil, not.error
	}
	tx, err := s.exchange(ctx, &rx, err)
	var rounds []round
	if err == nil {
		rounds, err = pair(s, tx, &rx)
	}
	rx.conclude(tx, err)
	return rounds, err
}

// receive receives one stream, discards it and measures it. If it does not get ready, the error is a notReady.
func (c *Config) receive(ctx context.Context, s *session, a *ask, p *printer) (end, error) {
	o := rig.Setup{Options: a.options(c), Hooks: rig.Hooks{LinkSums: true}}
	if o.Connect == 0 {
		o.Connect = replyTime
	}
	if a.Pipes {
		to, err := consume()
		if err != nil {
			return end{}, notReady{err}
		}
		e, err := c.receiveInto(ctx, s, a, o, to.sink, p)
		to.end()
		if err == nil && to.bytes != e.Bytes {
			err = fail(engine.StatusIntegrity, nil, "%d bytes were received, and %d came out of the pipe", e.Bytes, to.bytes)
		}
		return e, err
	}
	sink, err := discard()
	if err != nil {
		return end{}, notReady{err}
	}
	defer sink.Close()
	return c.receiveInto(ctx, s, a, o, sink, p)
}

// notReady is the error of a round whose receiver did not get ready.
type notReady struct{ error }

func (c *Config) receiveInto(ctx context.Context, s *session, a *ask, o rig.Setup, sink *os.File, p *printer) (end, error) {
	of := Round{Number: a.Number, Of: a.Of, Name: a.Name}
	m := c.meter(of, p)
	m.warmup = seconds(a.Warmup)
	r, err := rig.NewReceiver(rig.ReceiveConfig{
		Setup: o, Port: c.DataPort, Sink: int(sink.Fd()), Observer: m.observer(Prefix + "rx: "),
	})
	if err != nil {
		return end{}, notReady{err}
	}
	var back *engine.Sender
	var mb meter
	if a.Both {
		of.Back, of.Sender = true, true
		mb = c.meter(of, p)
		mb.warmup = m.warmup
		if back, err = c.sendBack(a, o, r, mb); err != nil {
			drop(r)
			return end{}, notReady{err}
		}
	}
	guarded, cancel := s.guard(ctx)
	defer cancel()
	port := uint16(r.Addr().(*net.TCPAddr).Port)
	if err := s.say(message{Ready: &ready{port}}); err != nil {
		cancel() // the receiver is open and must run to be closed
	}
	if back == nil {
		return m.run(guarded, r)
	}
	return both(guarded, m, r, mb, back)
}

// say prints one line on standard error.
func (c *Config) say(format string, args ...any) {
	text := strings.Join(strings.Fields(fmt.Sprintf(format, args...)), " ")
	_, _ = io.WriteString(c.Err, Prefix+"rx: "+text+"\n")
}

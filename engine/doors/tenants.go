package doors

import (
	"context"
	"net"
	"slices"
	"sync"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/wire"
)

// Host is an end of a stream that guests come to: a Receiving or a Sending. Its methods are called from many goroutines.
type Host interface {
	// Expects reports whether a connection from there that ends without a word may be our peer's, which gives up the links
	// that it is dialling when it ends.
	Expects(from net.Addr) bool
	// LinksUp is how many links there are.
	LinksUp() int
	// Forgo notes that an admitted connection does not become a link.
	Forgo()
	// Fail ends the stream.
	Fail(err *stream.Error)
	// Tenure is whose stream it has. Only Met and Owns may be called.
	Tenure() *Tenure
	// TurnOut ends the links of a stream that has brought no leg: another peer waits for its place.
	TurnOut()
}

// Receiving is a receiver that listens.
type Receiving interface {
	Host
	// Admit decides on a hello, for a connection between these two addresses. It may wait, at most until ctx ends. An error is a
	// refusal, for the user; the Welcome tells the peer. After a nil error, Serve or Forgo is called once.
	Admit(ctx context.Context, h wire.Hello, local, remote net.Addr) (wire.Welcome, error)
	// Serve makes an admitted connection, which came in at the listener with that index and has its Welcome, a link. It owns the
	// connection from then on.
	Serve(h wire.Hello, at int, c net.Conn)
	// AdmitFirst decides on a connection of version 1 of the wire, which has said the right phrase, as Admit does. After a nil error
	// one of the two is called, once: serve, when it has been answered, takes its packets until it ends, which is at the latest when
	// ctx does, and an error is why it was cut short, for the user; forgo, if it cannot be answered.
	AdmitFirst(ctx context.Context, c net.Conn) (serve func() error, forgo func(), err error)
}

// Sending is a sender that listens.
type Sending interface {
	Host
	// Hear decides on a call, for a connection between these two addresses, and returns the hello that answers it. It may wait, at most
	// until ctx ends. An error is a refusal, for the user; the verdict tells the peer.
	Hear(ctx context.Context, c wire.Call, local, remote net.Addr) (wire.Hello, wire.Verdict, error)
	// Welcome handles the answer to that hello. An error says why the connection does not become a link; the bye, if there is one, tells
	// the peer. After a nil error, Serve or Forgo is called once.
	Welcome(c wire.Call, w wire.Welcome, remote net.Addr) (bye *wire.Bye, err error)
	// Serve makes the connection a link. It owns the connection from then on.
	Serve(call wire.Call, c net.Conn)
}

// Tenants are the hosts at a port, or those of one peer among several (House). Methods may be called from any goroutine. The zero
// Tenants are none.
type Tenants struct {
	mu  sync.Mutex
	all []*tenant // guarded by mu
}

// tenant is one of them.
//
//	joined -> Stay -> its context ends -> gone, once nobody is heard for it any more
type tenant struct {
	host   Host
	begun  chan struct{}   // closed by Stay
	ctx    context.Context // of Stay; set before that
	gone   bool            // guarded by Tenants.mu
	guests sync.WaitGroup  // that are heard for it
}

// Join makes a host a tenant: a Receiving where there is none, or a Sending where there is none. Guests for it wait until it stays; or it
// calls Quit.
func (s *Tenants) Join(h Host) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, &tenant{host: h, begun: make(chan struct{})})
}

// Quit is for a host that has joined and will never stay.
func (s *Tenants) Quit(h Host) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = slices.DeleteFunc(s.all, func(t *tenant) bool { return t.host == h })
}

// Stay lets guests in for a host that has joined, until ctx has ended and every one of them has left. last: every other host has gone
// before.
func (s *Tenants) Stay(ctx context.Context, h Host) (last bool) {
	t := s.settle(ctx, h)
	<-ctx.Done()
	s.mu.Lock()
	t.gone = true
	last = !slices.ContainsFunc(s.all, func(t *tenant) bool { return !t.gone })
	s.mu.Unlock()
	t.guests.Wait()
	return last
}

// settle begins to let guests in for a host.
func (s *Tenants) settle(ctx context.Context, h Host) *tenant {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.all[slices.IndexFunc(s.all, func(t *tenant) bool { return t.host == h })]
	t.ctx = ctx
	close(t.begun)
	return t
}

// residents are those that have not gone.
func (s *Tenants) residents() []*tenant {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.all), func(t *tenant) bool { return t.gone })
}

// Expects implements House: some tenant expects a connection from there, or did when it left: its peer's last links may still be on
// their way.
func (s *Tenants) Expects(from net.Addr) bool {
	s.mu.Lock()
	all := slices.Clone(s.all)
	s.mu.Unlock()
	return slices.ContainsFunc(all, func(t *tenant) bool { return t.host.Expects(from) })
}

// LinksUp implements House.
func (s *Tenants) LinksUp() (n int) {
	for _, t := range s.residents() {
		n += t.host.LinksUp()
	}
	return n
}

// Fail implements House: it ends the streams of all.
func (s *Tenants) Fail(err *stream.Error) {
	for _, t := range s.residents() {
		t.host.Fail(err)
	}
}

// Room implements House: there is one room, and it is for everybody.
func (s *Tenants) Room(context.Context, net.Addr, *wire.Hello, *wire.Call) (in *Tenants, leave func(), v wire.Verdict, err error) {
	return s, func() {}, wire.VerdictOK, nil
}

// Met counts those that have a peer, and those that have not, among all that have joined.
func (s *Tenants) Met() (have, lack int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.all {
		if t.host.Tenure().Met() {
			have++
		} else {
			lack++
		}
	}
	return have, lack
}

// Owned reports whether the stream of one of them has begun.
func (s *Tenants) Owned() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.all, func(t *tenant) bool { return t.host.Tenure().Owns() })
}

// TurnOut is Host.TurnOut of all.
func (s *Tenants) TurnOut() {
	for _, t := range s.residents() {
		t.host.TurnOut()
	}
}

// visit has a guest heard for the tenant that is, until the guest calls t.guests.Done; nil if there is none. gone: there was one.
func (s *Tenants) visit(is func(Host) bool) (t *tenant, gone bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.all, func(t *tenant) bool { return is(t.host) })
	if i < 0 {
		return nil, false
	}
	if t = s.all[i]; t.gone {
		return nil, true
	}
	t.guests.Add(1)
	return t, false
}

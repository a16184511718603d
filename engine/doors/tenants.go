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

// tenant is a host at the port.
//
//	joined -> Accept -> its context ends -> gone, once nobody is heard for it any more
type tenant struct {
	host   Host
	begun  chan struct{}   // closed by Accept
	ctx    context.Context // of Accept; set before that
	gone   bool            // guarded by Doors.mu
	guests sync.WaitGroup  // that are heard for it
}

// Join makes a host a tenant: a Receiving of a port that has none, or a Sending of one that has none. Guests for it wait until it calls
// Accept; or it calls Quit.
func (d *Doors) Join(h Host) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tenants = append(d.tenants, &tenant{host: h, begun: make(chan struct{})})
}

// Quit is for a host that has joined and will never call Accept.
func (d *Doors) Quit(h Host) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tenants = slices.DeleteFunc(d.tenants, func(t *tenant) bool { return t.host == h })
}

// Accept lets guests in for a host that has joined, until ctx has ended and every one of them has left. The last host to leave closes
// the port.
func (d *Doors) Accept(ctx context.Context, h Host) {
	t := d.settle(ctx, h)
	<-ctx.Done()
	d.mu.Lock()
	t.gone = true
	last := !slices.ContainsFunc(d.tenants, func(t *tenant) bool { return !t.gone })
	stop, stopped := d.stop, d.stopped
	d.mu.Unlock()
	t.guests.Wait()
	if last {
		stop()
		<-stopped
	}
}

// settle begins to let guests in for a host.
func (d *Doors) settle(ctx context.Context, h Host) *tenant {
	d.mu.Lock()
	defer d.mu.Unlock()
	t := d.tenants[slices.IndexFunc(d.tenants, func(t *tenant) bool { return t.host == h })]
	t.ctx = ctx
	close(t.begun)
	if d.stop != nil {
		return t
	}
	standing, stop := context.WithCancel(context.Background())
	stopped := make(chan struct{})
	d.stop, d.stopped = stop, stopped
	go func() {
		defer close(stopped)
		defer d.caught("door")
		d.stay(standing)
	}()
	return t
}

// residents are the tenants that have not gone.
func (d *Doors) residents() []*tenant {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(d.tenants), func(t *tenant) bool { return t.gone })
}

// expects reports whether some tenant expects a connection from there.
func (d *Doors) expects(from net.Addr) bool {
	return slices.ContainsFunc(d.residents(), func(t *tenant) bool { return t.host.Expects(from) })
}

// linksUp is how many links the tenants have.
func (d *Doors) linksUp() (n int) {
	for _, t := range d.residents() {
		n += t.host.LinksUp()
	}
	return n
}

// visit has a guest heard for the tenant that is, until the guest calls t.guests.Done; nil if there is none. gone: there was one.
func (d *Doors) visit(is func(Host) bool) (t *tenant, gone bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	i := slices.IndexFunc(d.tenants, func(t *tenant) bool { return is(t.host) })
	if i < 0 {
		return nil, false
	}
	if t = d.tenants[i]; t.gone {
		return nil, true
	}
	t.guests.Add(1)
	return t, false
}

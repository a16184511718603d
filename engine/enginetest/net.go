package enginetest

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"viamillipede/engine"
	"viamillipede/engine/internal/stream"
	"viamillipede/netio"
	"viamillipede/netio/lane"
)

// Path says how a path, named by its host, answers a caller.
type Path int

// What a path may be. The zero Path works.
const (
	PathWorks   Path = iota
	PathRefuses      // nobody listens there
	PathSilent       // no answer ever
	PathMute         // something takes the connection and says nothing
	PathBabbles      // something else than a receiver answers
)

// Net is a network of socket pairs. Hosts need no declaration: whatever the host, a port leads to the listener that has
// it. All methods may be called from any goroutine.
type Net struct {
	// Reversed says that the receiver dials. It is set before anybody does.
	Reversed bool

	mu     sync.Mutex
	rng    *rand.Rand // guarded by mu, as is all below
	faults Faults
	left   int // faults that may still be drawn
	paths  map[string]Path
	hosts  map[string][]address // with more than one address
	ports  map[uint16]*door
	ends   map[*end]bool // of links that are open
	cuts   int           // so far
	ghosts []int         // descriptors that keep the other end of a link from noticing
	mutes  []*end        // that never answer

	watches map[chan struct{}]bool // one for each Watch, that is told of changes
}

// address is one of those of a host.
type address struct {
	path  Path
	dials int // so far
}

var _ stream.Transport = (*Net)(nil)

// NewNet makes a network whose links break as the seed decides. The caller ends it with Close.
func NewNet(seed uint64, f Faults) *Net {
	return &Net{
		rng: rand.New(rand.NewPCG(seed, 0x6e6574)), faults: f, left: f.Most,
		paths: make(map[string]Path), hosts: make(map[string][]address), ports: make(map[uint16]*door),
		ends: make(map[*end]bool), watches: make(map[chan struct{}]bool),
	}
}

// Set changes how a path answers from now on.
func (n *Net) Set(host string, p Path) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.paths[host] = p
}

// SetAddresses gives a host several addresses, and says how each of them answers from now on.
func (n *Net) SetAddresses(host string, answers ...Path) {
	n.mu.Lock()
	defer n.mu.Unlock()
	old := n.hosts[host]
	n.hosts[host] = make([]address, len(answers))
	copy(n.hosts[host], old)
	for i, p := range answers {
		n.hosts[host][i].path = p
	}
}

// Dials counts the attempts at each of a host's addresses.
func (n *Net) Dials(host string) (counts []int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, a := range n.hosts[host] {
		counts = append(counts, a.dials)
	}
	return counts
}

// Change tells those who watch that the network has changed.
func (n *Net) Change() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for w := range n.watches {
		select {
		case w <- struct{}{}:
		default:
		}
	}
}

// Watch calls changed after each Change.
func (n *Net) Watch(ctx context.Context, changed func()) error {
	news := make(chan struct{}, 1)
	n.mu.Lock()
	n.watches[news] = true
	n.mu.Unlock()
	for {
		select {
		case <-news:
			changed()
		case <-ctx.Done():
			n.mu.Lock()
			delete(n.watches, news)
			n.mu.Unlock()
			return nil
		}
	}
}

// Cut ends every link that is open now or is being dialled, as a reset does: what is on its way is lost.
func (n *Net) Cut() {
	n.mu.Lock()
	n.cuts++
	var all []*end
	for e := range n.ends {
		all = append(all, e)
	}
	n.mu.Unlock()
	for _, e := range all {
		e.link.reset.Store(true)
		e.shut()
	}
}

// Links counts the ends of links that are open, those of the handshake included.
func (n *Net) Links() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.ends)
}

// Close gives back what the network itself holds. The ends that the engine has are the engine's.
func (n *Net) Close() {
	n.mu.Lock()
	ghosts, mutes := n.ghosts, n.mutes
	n.ghosts, n.mutes = nil, nil
	n.mu.Unlock()
	for _, fd := range ghosts {
		unix.Close(fd)
	}
	for _, e := range mutes {
		e.Close()
	}
}

// Resolve returns the addresses 0.0.0.0, 0.0.0.1, and so on, as many as the host has.
func (n *Net) Resolve(_ context.Context, p engine.Path) ([]netip.Addr, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	all := make([]netip.Addr, max(1, len(n.hosts[p.Host])))
	for i := range all {
		all[i] = netip.AddrFrom4([4]byte{3: byte(i)})
	}
	return all, nil
}

// answer says how a host's address answers, and counts the attempt; with n.mu held.
func (n *Net) answer(host string, to netip.Addr) Path {
	if all := n.hosts[host]; len(all) > 0 {
		a := &all[to.As4()[3]]
		a.dials++
		return a.path
	}
	return n.paths[host]
}

// Ports finds none: there are no lanes.
func (n *Net) Ports(engine.Path, netip.Addr, int) ([]uint16, lane.Set, error) {
	return nil, lane.Set{}, errors.ErrUnsupported
}

// Dial makes a link to the listener of the path's port.
func (n *Net) Dial(ctx context.Context, p engine.Path, to netip.Addr, _ uint16) (net.Conn, error) {
	n.mu.Lock()
	l, path, f, cuts := n.ports[p.Port], n.answer(p.Host, to), n.draw(), n.cuts
	n.mu.Unlock()
	switch {
	case path == PathSilent || f.kind == faultSilence:
		<-ctx.Done()
		return nil, ctx.Err()
	case path == PathRefuses || f.kind == faultRefusal || l == nil:
		return nil, refused()
	}
	near, far, err := n.pair(f)
	if err != nil {
		return nil, err
	}
	switch {
	case path == PathMute:
		n.mu.Lock()
		n.mutes = append(n.mutes, far)
		n.mu.Unlock()
		return near, nil
	case path == PathBabbles:
		far.UnixConn.Write([]byte("220 mail.example ESMTP ready\r\n"))
		far.Close()
		return near, nil
	case f.kind == faultUnheard:
		far.Close() // the peer's host closes before its program has heard of it
		return near, nil
	}
	if n.cutSince(cuts) || !l.offer(far, f.seed) {
		near.Close()
		far.Close()
		return nil, refused()
	}
	return near, nil
}

// cutSince reports whether there were more cuts than so many.
func (n *Net) cutSince(cuts int) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.cuts != cuts
}

func refused() error {
	return &net.OpError{Op: "dial", Net: "unix", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
}

// pair makes the two ends of one link.
func (n *Net) pair(f fault) (near, far *end, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, nil, os.NewSyscallError("socketpair", err)
	}
	l := &link{fault: f}
	dials, listens := sender, receiver
	if n.Reversed {
		dials, listens = receiver, sender
	}
	if near, err = n.wrap(fds[0], l, dials); err != nil {
		unix.Close(fds[1])
		return nil, nil, err
	}
	if far, err = n.wrap(fds[1], l, listens); err != nil {
		near.Close()
		return nil, nil, err
	}
	return near, far, nil
}

// wrap makes an end of fd, which is its own from now on, on an error too.
func (n *Net) wrap(fd int, l *link, s side) (*end, error) {
	if l.fault.room > 0 {
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF, l.fault.room)
	}
	f := os.NewFile(uintptr(fd), "link")
	defer f.Close()
	c, err := net.FileConn(f)
	if err != nil {
		return nil, err
	}
	e := &end{UnixConn: c.(*net.UnixConn), net: n, link: l, side: s}
	n.mu.Lock()
	n.ends[e] = true
	n.mu.Unlock()
	return e, nil
}

func (n *Net) forget(e *end) {
	n.mu.Lock()
	delete(n.ends, e)
	n.mu.Unlock()
}

// Adopt takes an end out of Go's network poller, as the network's own transport does.
func (n *Net) Adopt(c net.Conn, trace netio.Tracer) (stream.Conn, error) {
	e := c.(*end)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil, net.ErrClosed
	}
	nc, err := netio.Detach(e.UnixConn, trace)
	if err != nil {
		e.closed = true
		n.forget(e)
		return nil, err
	}
	e.conn = newConn(nc, e)
	return e.conn, nil
}

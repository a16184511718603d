package enginetest

import (
	"context"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"syscall"

	"viamillipede/engine"
	"viamillipede/engine/internal/stream"
	"viamillipede/netio/dial"
)

// Listen takes the port; 0 is a port like any other.
func (n *Net) Listen(_ context.Context, port uint16, listeners int) (stream.Door, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.ports[port] != nil {
		return nil, os.NewSyscallError("bind", syscall.EADDRINUSE)
	}
	d := &door{net: n, port: port}
	for range listeners {
		d.listeners = append(d.listeners, &listener{more: make(chan struct{}, 1), over: make(chan struct{})})
	}
	n.ports[port] = d
	return d, nil
}

// door is a port with several listeners.
type door struct {
	net       *Net
	port      uint16
	listeners []*listener
	stale     atomic.Bool
}

// offer hands the far end of a link to the listener that the seed has it come in at.
func (d *door) offer(e *end, seed uint64) bool {
	return d.listeners[seed%uint64(len(d.listeners))].offer(e)
}

// Listeners are those of the port.
func (d *door) Listeners() (all []net.Listener) {
	for _, l := range d.listeners {
		all = append(all, l)
	}
	return all
}

// Steer does nothing: links have no CPU.
func (d *door) Steer(int, func(int) int) dial.Steering { return dial.Steering{Way: dial.SteerHash} }

// Stale reports whether the test has made the door stale.
func (d *door) Stale() bool { return d.stale.Load() }

// Stale lets nothing come in at the port any more, as if its device were gone, until it is listened on again.
func (n *Net) Stale(port uint16) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.ports[port].stale.Store(true)
	delete(n.ports, port)
}

// Close ends all listeners, once.
func (d *door) Close() error {
	d.net.mu.Lock()
	if d.net.ports[d.port] == d {
		delete(d.net.ports, d.port)
	}
	d.net.mu.Unlock()
	for _, l := range d.listeners {
		l.Close()
	}
	return nil
}

// DeviceTo knows of no devices.
func (n *Net) DeviceTo(engine.Path, netip.Addr) string { return "" }

// DeviceAt knows of no devices.
func (n *Net) DeviceAt(netip.Addr) string { return "" }

// listener hands out the far ends of links, in the order in which they were dialled.
type listener struct {
	more chan struct{} // something waits
	over chan struct{} // closed by Close

	mu      sync.Mutex
	waiting []*end // guarded by mu
	closed  bool   // guarded by mu
}

func (l *listener) offer(e *end) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	l.waiting = append(l.waiting, e)
	select {
	case l.more <- struct{}{}:
	default:
	}
	return true
}

func (l *listener) Accept() (net.Conn, error) {
	for {
		e, err := l.next()
		if err != nil {
			return nil, err
		}
		if e != nil {
			return e, nil
		}
		select {
		case <-l.more:
		case <-l.over:
		}
	}
}

// next is (nil, nil) when nothing waits.
func (l *listener) next() (*end, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, net.ErrClosed
	}
	if len(l.waiting) == 0 {
		return nil, nil
	}
	e := l.waiting[0]
	l.waiting = l.waiting[1:]
	return e, nil
}

func (l *listener) Close() error {
	l.mu.Lock()
	waiting, was := l.waiting, l.closed
	l.waiting, l.closed = nil, true
	l.mu.Unlock()
	if was {
		return net.ErrClosed
	}
	close(l.over)
	for _, e := range waiting {
		e.Close()
	}
	return nil
}

func (l *listener) Addr() net.Addr { return name("listener") }

// name names an end for people.
type name string

func (name) Network() string { return "pair" }

func (a name) String() string { return string(a) }

package stream

import (
	"context"
	"net"
	"net/netip"
	"sync"

	"viamillipede/engine/observe"
	"viamillipede/netio"
	"viamillipede/netio/dial"
	"viamillipede/netio/lane"
)

// Transport makes connections. Tests put links of their own in place of the network.
type Transport interface {
	// Resolve returns the addresses of the path's host, in the order in which to try them: at least one, or an error.
	Resolve(ctx context.Context, p Path) ([]netip.Addr, error)
	// Dial connects to one of the path's addresses, from a source port or, if that is 0, from any.
	Dial(ctx context.Context, p Path, to netip.Addr, from uint16) (net.Conn, error)
	// Ports finds n source ports from which links to one of the path's addresses fill all lanes evenly, and says which these are.
	Ports(p Path, to netip.Addr, n int) (ports []uint16, lanes lane.Set, err error)
	// DeviceTo returns the device through which packets to one of the path's addresses leave; "": not known.
	DeviceTo(p Path, to netip.Addr) string
	// DeviceAt returns the device that has a local address, for the zero Addr that of the default route; "": not known.
	DeviceAt(local netip.Addr) string
	// Watch calls changed after each change of the network by which a path may come or go, until ctx ends. changed may take its
	// time: whatever happens meanwhile leads to only one more call. The error is nil after the end of ctx; any other says why there
	// are no more calls.
	Watch(ctx context.Context, changed func()) error
	// Listen starts to accept connections at so many listeners, 1 or more.
	Listen(ctx context.Context, port uint16, listeners int) (Door, error)
	// Adopt takes the connection over from Go's network poller, after the handshake.
	Adopt(c net.Conn, trace netio.Tracer) (Conn, error)
}

// Door is a port that a receiver listens on, with a listener for each of its loops.
type Door interface {
	Listeners() []net.Listener
	// Steer makes a connection that begins on CPU c, 0 to cpus-1, come in at the listener whose index owner returns, or at any
	// if that is -1. It returns how that is done.
	Steer(cpus int, owner func(c int) int) dial.Steering
	// Stale reports whether nothing comes in any more, because the device of the local address is gone or was made anew. It may
	// be called at any time.
	Stale() bool
	// Close ends all listeners.
	Close() error
}

// TCP is the network: connections come from a local address, the zero Addr being any, unless their path has a source, and have that
// congestion control.
func TCP(bind netip.Addr, congestion string) Transport { return tcp{bind, congestion, nil} }

// tcp is the network.
type tcp struct {
	bind       netip.Addr
	congestion string
	inherited  *dial.Inherited // see Options
}

func (t tcp) Resolve(ctx context.Context, p Path) ([]netip.Addr, error) {
	return dial.Resolve(ctx, p.Host, t.dialer(p).Bind)
}

func (t tcp) Dial(ctx context.Context, p Path, to netip.Addr, from uint16) (net.Conn, error) {
	d := t.dialer(p)
	d.Port = from
	c, err := d.Dial(ctx, netip.AddrPortFrom(to, p.Port))
	if err != nil {
		return nil, err // not c, which as an interface is not nil
	}
	return c, nil
}

func (t tcp) Ports(p Path, to netip.Addr, n int) (ports []uint16, lanes lane.Set, err error) {
	from := t.dialer(p).Bind
	if lanes, err = lane.Find("/", to, from, p.Via.Device); err != nil {
		return nil, lanes, err
	}
	ports, err = lanes.Ports(n, from, p.Port)
	return ports, lanes, err
}

// dialer has the path's own source, or else the common one.
func (t tcp) dialer(p Path) dial.Dialer {
	d := dial.Dialer{Device: p.Via.Device, Bind: p.Via.Addr, Congestion: t.congestion}
	if p.Via == (Via{}) {
		d.Bind = t.bind
	}
	return d
}

func (t tcp) Watch(ctx context.Context, changed func()) error { return dial.WatchNetwork(ctx, changed) }

func (t tcp) DeviceTo(p Path, to netip.Addr) string {
	device, err := dial.RouteDevice(to)
	if from := t.dialer(p).Bind; from.IsValid() {
		device, err = dial.AddressDevice(from)
	}
	if err != nil {
		return ""
	}
	return device
}

func (t tcp) DeviceAt(local netip.Addr) string {
	device, err := dial.AddressDevice(local)
	if !local.IsValid() {
		device, err = dial.DefaultDevice()
	}
	if err != nil {
		return ""
	}
	return device
}

func (t tcp) Listen(ctx context.Context, port uint16, listeners int) (Door, error) {
	g, err := t.inherited.Listen(ctx, t.bind, port, listeners)
	if err != nil {
		return nil, err
	}
	if t.inherited == nil { // the options of a socket that was passed are its owner's
		g.Congest(t.congestion)
	}
	return &group{group: g}, nil
}

// group is the Door of the network.
type group struct {
	mu    sync.Mutex
	group *dial.Group // guarded by mu, except its listeners
}

func (g *group) Listeners() (all []net.Listener) {
	for _, l := range g.group.Listeners() {
		all = append(all, l)
	}
	return all
}

func (g *group) Stale() bool { return g.group.Stale() }

func (g *group) Close() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.group.Close()
}

func (g *group) Steer(cpus int, owner func(cpu int) int) dial.Steering {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.group.Steer(cpus, owner)
}

func (t tcp) Adopt(c net.Conn, trace netio.Tracer) (Conn, error) {
	conn, err := netio.Detach(c, trace)
	if err != nil {
		return nil, err
	}
	return tcpConn{conn}, nil
}

// tcpConn is a connection of the network.
type tcpConn struct{ *netio.Conn }

func (c tcpConn) LeavesByNIC() bool { return dial.LeavesByNIC(c.FD()) }
func (c tcpConn) Settle(asked string) (dial.Congestion, bool) {
	return dial.Settle(c.Conn, asked)
}

// TraceTo reports every system call on the data path.
func TraceTo(to observe.Observer) netio.Tracer {
	return func(call string, fd, n int, err error) {
		if observe.Listens(to, observe.LevelCalls) {
			observe.Tell(to, observe.Call{Name: call, FD: fd, N: n, Err: err})
		}
	}
}

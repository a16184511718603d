package dial

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"

	"viamillipede/netio/steer"
)

// Group is one TCP port with several listeners (SO_REUSEPORT, socket(7)). Until Steer is called, or if it can do nothing,
// the kernel chooses the listener of a new connection by a hash of its addresses and ports.
//
// One goroutine at a time may call Steer and Close. Others may accept on the listeners meanwhile.
type Group struct {
	listeners []*net.TCPListener // in the order in which they began to listen, which is also the kernel's order
	bind, at  netip.Addr         // the address as asked for, and with its zone as resolved then
	sockets   *steer.Sockets     // nil until eBPF first works here
	inherited *Inherited         // what the listeners are; nil: they are the group's own
	steered   bool               // a program or a filter is attached
}

// ListenGroup listens with n listeners, 1 or more, on the port of bind, or of every address of the machine, IPv6 and
// IPv4, when bind is the zero Addr. With port 0 the kernel chooses one for all. Nobody else can listen on the port, as
// with Listen, except a program of the same user that itself asks to share it. EADDRINUSE: somebody already listens
// there, perhaps another group. Any other error may mean that the kernel does not share ports; a single listener still
// works there.
func ListenGroup(ctx context.Context, bind netip.Addr, port uint16, n int) (*Group, error) {
	if n < 1 {
		return nil, fmt.Errorf("a group of %d listeners", n)
	}
	at, err := ZoneNow(bind)
	if err != nil {
		return nil, err
	}
	first, err := Listen(ctx, at, port)
	if err != nil {
		return nil, err
	}
	g := &Group{listeners: []*net.TCPListener{first}, bind: bind, at: at}
	if err := g.grow(ctx, at, n); err != nil {
		return nil, errors.Join(err, g.Close())
	}
	return g, nil
}

// grow adds listeners until there are n. The first one binds the port exclusively before it begins to share it: binding
// with SO_REUSEPORT from the start would share it with every program of the same user.
func (g *Group) grow(ctx context.Context, bind netip.Addr, n int) error {
	if n == 1 {
		return nil
	}
	if err := g.control(0, share); err != nil {
		return err
	}
	first, known := g.listeners[0].Addr().(*net.TCPAddr)
	if !known {
		return errors.New("the kernel does not tell the port")
	}
	port := first.AddrPort().Port()
	for len(g.listeners) < n {
		l, err := listen(ctx, bind, port, share)
		if err != nil {
			return err
		}
		g.listeners = append(g.listeners, l)
	}
	return nil
}

func share(fd int) error {
	err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
	return os.NewSyscallError("setsockopt SO_REUSEPORT", err)
}

// control runs f with the descriptor of listener i.
func (g *Group) control(i int, f func(fd int) error) error {
	rc, err := g.listeners[i].SyscallConn()
	if err != nil {
		return err
	}
	return control(rc, f)
}

// Congest gives connections that will come in the congestion control asked for, as Dialer does before the handshake: they inherit it. Where
// it is refused, they keep the system's.
func (g *Group) Congest(asked string) {
	for i := range g.listeners {
		_ = g.control(i, func(fd int) error { return congest(fd, asked) })
	}
}

// Listeners returns the listeners, in the order in which Steer counts them. They stay the group's; the caller accepts on
// them.
func (g *Group) Listeners() []*net.TCPListener { return g.listeners }

// Stale reports whether the device of the zone that the group listens in is gone or was recreated: nothing comes in any
// more, yet the listeners do not fail. It may be called at any time.
func (g *Group) Stale() bool { return SameZone(g.bind, g.at) != nil }

// Close closes the listeners and releases what steers them.
func (g *Group) Close() error {
	var all error
	for _, l := range g.listeners {
		all = errors.Join(all, l.Close())
	}
	if g.inherited != nil {
		g.inherited.sweep()
	}
	if g.sockets != nil {
		all = errors.Join(all, g.sockets.Close())
	}
	return all
}

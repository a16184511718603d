package dial

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"
)

// backlog is how many connections may wait to be accepted; the kernel has a bound of its own (net.core.somaxconn).
const backlog = 65535

// Inherited are listening sockets of one port that this program was started with, as by a service manager (sd_listen_fds(3)). They
// belong to whoever made them, who may share them with others and go on with them afterwards: their options stay as they are, no
// other sockets are added to their port, and none is ever closed in favour of a new one. So connections are not steered among them.
type Inherited struct {
	fds  []int
	port uint16
	at   []netip.Addr // of each
}

// Passed is a descriptor that the program was started with.
type Passed struct {
	FD   int
	Name string // for people; "": it has none
}

func (p Passed) String() string {
	if p.Name == "" {
		return fmt.Sprintf("descriptor %d", p.FD)
	}
	return fmt.Sprintf("descriptor %d (%s)", p.FD, p.Name)
}

// Inherit takes one or more descriptors, each of which must be a listening TCP socket, all with the same port. Children do not get
// them from now on. Errors are for people, and name the descriptor.
func Inherit(all []Passed) (*Inherited, error) {
	h := &Inherited{}
	for _, p := range all {
		at, err := listensAt(p.FD)
		if err != nil {
			return nil, fmt.Errorf("%v %w", p, err)
		}
		if h.port = cmp.Or(h.port, at.Port()); at.Port() != h.port {
			return nil, fmt.Errorf("%v listens on port %d, and %v on port %d: one port is expected", all[0], h.port, p, at.Port())
		}
		unix.CloseOnExec(p.FD)
		h.fds, h.at = append(h.fds, p.FD), append(h.at, at.Addr())
	}
	return h, nil
}

// Adopt makes an Inherited of a listener that this program has made itself, and closes the listener. The socket goes on.
func Adopt(l *net.TCPListener) (*Inherited, error) {
	defer l.Close()
	at, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		return nil, errors.New("the kernel does not tell the port")
	}
	rc, err := l.SyscallConn()
	if err != nil {
		return nil, err
	}
	own := -1
	err = control(rc, func(fd int) (err error) {
		own, err = unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
		return os.NewSyscallError("fcntl F_DUPFD_CLOEXEC", err)
	})
	if err != nil {
		return nil, err
	}
	return &Inherited{fds: []int{own}, port: at.AddrPort().Port(), at: []netip.Addr{at.AddrPort().Addr().Unmap()}}, nil
}

// listensAt is where a listening TCP socket that was inherited listens. Errors go on after its name.
func listensAt(fd int) (netip.AddrPort, error) {
	var none netip.AddrPort
	// What has close-on-exec is this program's own: it cannot have come through an exec.
	if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC != 0 {
		return none, errors.New("is not open")
	}
	domain, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN)
	if err != nil {
		return none, errors.New("is not a socket")
	}
	protocol, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PROTOCOL)
	// At a socket of MPTCP, the links of a tx are plain TCP connections: it does not ask for more.
	tcp := protocol == unix.IPPROTO_TCP || protocol == unix.IPPROTO_MPTCP
	if err != nil || !tcp || domain != unix.AF_INET && domain != unix.AF_INET6 {
		return none, errors.New("is not a TCP socket")
	}
	if !listens(fd) {
		return none, errors.New("is a TCP socket that does not listen (a socket unit needs Accept=no)")
	}
	name, err := unix.Getsockname(fd)
	if err != nil {
		return none, os.NewSyscallError("getsockname", err)
	}
	switch a := name.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(a.Addr), uint16(a.Port)), nil
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(a.Addr).Unmap(), uint16(a.Port)), nil
	}
	return none, errors.New("is not a TCP socket")
}

func listens(fd int) bool {
	n, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
	return err == nil && n != 0
}

// Port is the port that they listen on.
func (h *Inherited) Port() uint16 { return h.port }

// At reports whether each of them listens at that address, or at any if that is the zero Addr. Zones do not count.
func (h *Inherited) At(bind netip.Addr) bool {
	for _, at := range h.at {
		if bind.IsValid() && at != bind.WithZone("").Unmap() {
			return false
		}
	}
	return true
}

// Listen returns the sockets as a group, whatever else is asked for; of a nil Inherited, it is ListenGroup. It may be called again when
// the group was closed, or has failed: a socket that was taken out of the listening state, as by SOCK_DESTROY, listens again.
func (h *Inherited) Listen(ctx context.Context, bind netip.Addr, port uint16, n int) (*Group, error) {
	if h == nil {
		return ListenGroup(ctx, bind, port, n)
	}
	g := &Group{inherited: h}
	for _, fd := range h.fds {
		l, err := h.listenAt(fd)
		if err != nil {
			return nil, errors.Join(err, g.Close())
		}
		g.listeners = append(g.listeners, l)
	}
	return g, nil
}

// listenAt makes a listener of an inherited socket, with a descriptor of its own.
func (h *Inherited) listenAt(fd int) (*net.TCPListener, error) {
	if !listens(fd) {
		if err := unix.Listen(fd, backlog); err != nil {
			return nil, os.NewSyscallError("listen", err)
		}
	}
	own, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("fcntl F_DUPFD_CLOEXEC", err)
	}
	f := os.NewFile(uintptr(own), "inherited socket")
	defer f.Close()
	l, err := net.FileListener(f)
	if err != nil {
		return nil, err
	}
	return l.(*net.TCPListener), nil
}

// sweep ends the connections that wait to be accepted, as closing a socket of our own would: left there, they would make a service
// manager start the program again for peers that are long gone.
func (h *Inherited) sweep() {
	for _, fd := range h.fds {
		if unix.SetNonblock(fd, true) != nil { // Go has done so, unless it failed before
			continue
		}
		for range backlog {
			c, _, err := unix.Accept4(fd, unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK)
			if err != nil {
				break // none is left
			}
			unix.Close(c)
		}
	}
}

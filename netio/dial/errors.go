package dial

import (
	"errors"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// PortTaken reports whether an error of a Dialer with a Port says that the port is in use: by another program, by another
// connection to the same peer, or by what is left of one (TIME_WAIT).
func PortTaken(err error) bool {
	if errors.Is(err, unix.EADDRINUSE) {
		return true
	}
	call, ok := errors.AsType[*os.SyscallError](err)
	return ok && call.Syscall == "connect" && call.Err == unix.EADDRNOTAVAIL
}

// NotThere reports whether err says that this machine does not have a local address, or lacks the device of its zone.
// Either may appear later.
func NotThere(err error) bool {
	return errors.Is(err, unix.EADDRNOTAVAIL) || errors.Is(err, unix.ENODEV)
}

// LacksRoute reports whether err says that this machine cannot reach the address now, whatever the state of the peer: it
// has no route, or not even the protocol.
func LacksRoute(err error) bool {
	return errors.Is(err, unix.ENETUNREACH) || errors.Is(err, unix.EAFNOSUPPORT)
}

// ListenerGone reports whether an error of Accept says that the listener will never accept again: it was closed, or its
// socket was taken out of the listening state (EINVAL, accept(2)).
func ListenerGone(err error) bool {
	return errors.Is(err, net.ErrClosed) || errors.Is(err, unix.EINVAL)
}

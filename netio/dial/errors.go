package dial

import (
	"errors"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// PortTaken reports whether an error of a Dialer with a Port says that the port is not to be had now: another program has it,
// or another connection to the same peer, or what is left of one (TIME_WAIT).
func PortTaken(err error) bool {
	if errors.Is(err, unix.EADDRINUSE) {
		return true
	}
	call, ok := errors.AsType[*os.SyscallError](err)
	return ok && call.Syscall == "connect" && call.Err == unix.EADDRNOTAVAIL
}

// NotThere reports whether err says that a local address is not, or not yet, one of this machine's, or that the device of its
// zone is not there: either may come.
func NotThere(err error) bool {
	return errors.Is(err, unix.EADDRNOTAVAIL) || errors.Is(err, unix.ENODEV)
}

// LacksRoute reports whether err says that this machine has no way to the address now, whatever the peer: no route, or not
// even the protocol.
func LacksRoute(err error) bool {
	return errors.Is(err, unix.ENETUNREACH) || errors.Is(err, unix.EAFNOSUPPORT)
}

// ListenerGone reports whether an error of Accept says that the listener will never accept again: it was closed, or its
// socket was taken out of the listening state (EINVAL, accept(2)).
func ListenerGone(err error) bool {
	return errors.Is(err, net.ErrClosed) || errors.Is(err, unix.EINVAL)
}

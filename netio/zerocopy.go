package netio

import (
	"encoding/binary"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"viamillipede/netio/internal/sys"
)

// Completions of MSG_ZEROCOPY, as the kernel numbers the calls of a socket (Documentation/networking/msg_zerocopy.rst).

// Completion says that the calls First to Last, whose numbers may wrap, no longer need their memory. Copied: the kernel
// copied after all, so the calls cost more than plain ones.
type Completion struct {
	First, Last uint32
	Copied      bool
}

// AllowZero permits SendZero (SO_ZEROCOPY, socket(7)). An error means that this socket or kernel does not support it.
func (c *Conn) AllowZero() error {
	return os.NewSyscallError("setsockopt SO_ZEROCOPY", unix.SetsockoptInt(c.fd, unix.SOL_SOCKET, unix.SO_ZEROCOPY, 1))
}

// SendZero sends p from where it is (MSG_ZEROCOPY, send(2)): it must not change before the completion of the call, which
// is the next in the kernel's numbering, from 0. It returns what Send returns; a call that fails with a NoZero error
// sends nothing, takes no number, and leaves the connection as it was.
func (c *Conn) SendZero(p []byte) (int, error) {
	n, err := again(func() (int, syscall.Errno) { return sys.Send(c.fd, p, unix.MSG_ZEROCOPY|unix.MSG_NOSIGNAL) })
	return c.trace.outcome("sendto", c.fd, n, err, false)
}

// NoZero reports whether SendZero failed because there was no memory for its bookkeeping or the limit on locked memory
// was reached: a plain Send will do.
func NoZero(err error) bool {
	se, ok := err.(*os.SyscallError)
	return ok && (se.Err == unix.ENOBUFS || se.Err == unix.ENOMEM || Unsupported(err))
}

// Completions appends to dst what is in the socket's error queue; a Poller reports Failed when there is something.
func (c *Conn) Completions(dst []Completion) []Completion {
	var oob [128]byte
	for {
		_, n, _, _, err := unix.Recvmsg(c.fd, nil, oob[:], unix.MSG_ERRQUEUE|unix.MSG_DONTWAIT)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return dst
		}
		dst = appendCompletions(dst, oob[:n])
	}
}

// appendCompletions parses the control messages of one message of an error queue: struct sock_extended_err,
// linux/errqueue.h.
func appendCompletions(dst []Completion, oob []byte) []Completion {
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return dst
	}
	const (
		originZeroCopy = 5
		codeCopied     = 1
	)
	for _, m := range messages {
		ip := m.Header.Level == unix.SOL_IP && m.Header.Type == unix.IP_RECVERR
		ip6 := m.Header.Level == unix.SOL_IPV6 && m.Header.Type == unix.IPV6_RECVERR
		if !ip && !ip6 || len(m.Data) < 16 || m.Data[4] != originZeroCopy {
			continue
		}
		dst = append(dst, Completion{
			First: binary.NativeEndian.Uint32(m.Data[8:]), Last: binary.NativeEndian.Uint32(m.Data[12:]), Copied: m.Data[6] == codeCopied,
		})
	}
	return dst
}

// Reset ends the connection like Abort, but keeps the descriptor: Completions still come, and Close is yet to be called.
func (c *Conn) Reset() {
	var unspec [16]byte // struct sockaddr with AF_UNSPEC: connect(2) dissolves the association
	_ = sys.Connect(c.fd, unspec[:])
}

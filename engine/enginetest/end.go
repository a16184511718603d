package enginetest

import (
	"encoding/binary"
	"net"
	"sync"
	"sync/atomic"
	"syscall"

	"viamillipede/engine/wire"
)

// link is what the two ends of a link have in common.
type link struct {
	fault fault
	reset atomic.Bool // what is on its way is lost
}

// end is one end of a link: a net.Conn during the handshake, a conn once it is adopted.
type end struct {
	*net.UnixConn
	net  *Net
	link *link
	side side

	mu     sync.Mutex
	conn   *conn // guarded by mu; nil before Adopt
	closed bool  // guarded by mu
}

// Write is the hello or the welcome. It passes as far as the link's fault lets it.
func (e *end) Write(p []byte) (int, error) {
	f := e.link.fault
	dies := e.side == sender && f.kind == faultHello || e.doomed(p) || e.side == receiver && f.kind == faultWelcome
	if !dies {
		return e.UnixConn.Write(p)
	}
	n, _ := e.UnixConn.Write(p[:min(f.at, len(p))])
	e.UnixConn.CloseWrite()
	e.UnixConn.CloseRead()
	return n, syscall.ECONNRESET
}

// doomed reports whether the hello is that of a link that must never come up.
func (e *end) doomed(hello []byte) bool {
	const helloIndexAt, callIndexAt = 32, 10 // engine/wire/SPEC.md
	switch {
	case len(hello) != wire.HelloLen:
		return false
	case wire.LikeCall(hello):
		return int(hello[callIndexAt]) < e.net.faults.Doomed
	}
	return wire.IsHello(hello) && int(binary.LittleEndian.Uint32(hello[helloIndexAt:])) < e.net.faults.Doomed
}

// Close ends the connection during the handshake.
func (e *end) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed || e.conn != nil {
		return net.ErrClosed
	}
	e.closed = true
	e.net.forget(e)
	return e.UnixConn.Close()
}

// shut ends both directions from outside; the engine closes the descriptor when it notices.
func (e *end) shut() {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.closed:
	case e.conn != nil:
		e.conn.shut()
	default:
		e.UnixConn.CloseRead()
		e.UnixConn.CloseWrite()
	}
}

// RemoteAddr names the end for people.
func (e *end) RemoteAddr() net.Addr {
	if e.side == sender {
		return name("receiver")
	}
	return name("sender")
}

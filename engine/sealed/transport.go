package sealed

import (
	"fmt"
	"net"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/observe"
	"viamillipede/engine/seal"
	"viamillipede/netio"
)

// Links has the links of an end sealed, if there is a key.
func Links(s stream.Setup) stream.Setup {
	if s.Key != nil {
		s.Transport = transport{s.Transport}
	}
	return s
}

// WhyCopy is why an end copies every leg; nil: it need not, as far as its links are concerned.
func WhyCopy(o stream.Options) error {
	if o.Key != nil {
		return observe.ErrSealed
	}
	return nil
}

// transport has connections that were sealed in the handshake.
type transport struct{ stream.Transport }

// Adopt takes over the connection and the halves of its seal.
func (t transport) Adopt(c net.Conn, trace netio.Tracer) (stream.Conn, error) {
	s, ok := c.(*seal.Conn)
	if !ok {
		c.Close()
		return nil, fmt.Errorf("%T is not sealed", c)
	}
	raw, in, out, err := s.Release()
	if err != nil {
		c.Close()
		return nil, err
	}
	conn, err := t.Transport.Adopt(raw, trace)
	if err != nil {
		in.Wipe()
		out.Wipe()
		return nil, err
	}
	all := stream.Equip(conn)
	return link{New(conn, in, out), all.Tuner, all.Placed}, nil
}

// link is a Conn with what its socket can do. All that it sends has been copied, so it moves no pages: it is no stream.Mover and no
// stream.ZeroCopier.
type link struct {
	*Conn
	stream.Tuner
	placed stream.Placed
}

var (
	_ stream.Conn   = link{}
	_ stream.Tuner  = link{}
	_ stream.Placed = link{}
)

// Await counts what has come in already, as it is not in the socket.
func (l link) Await(bytes int) { l.Tuner.Await(l.Short(bytes)) }

// LeavesByNIC is asked for the sake of pages alone.
func (link) LeavesByNIC() bool { return false }

// IncomingCPU is that of the socket.
func (l link) IncomingCPU() int { return l.placed.IncomingCPU() }

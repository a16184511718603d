package stream

import (
	"errors"

	"viamillipede/netio"
	"viamillipede/netio/dial"
)

// Conn is what every link needs of a connection. *netio.Conn is one; its comments are the contract, also of what else a connection may be
// able to do: Mover, ZeroCopier, Tuner, Placed.
type Conn interface {
	FD() int
	Recv(a, b []byte) (int, error)
	Kept() bool
	Send(a, b []byte) (int, error)
	Queued() netio.Queue
	Info() netio.Info
	Finish()
	Abort() error
	Close() error
}

// Mover is a Conn that moves pages between itself and pipes, files and the sink without copying them. With any other Conn, legs
// go through memory.
type Mover interface {
	SendMore(a, b []byte) (int, error)
	Push()
	SendPipe(p *netio.Pipe, n int) (int, error)
	SendFile(s *netio.Source, offset int64, n int) (int, error)
	Splice(s *netio.Sink, n int) (int, error)
	TakePipe(p *netio.Pipe, n int) (int, error)
	Pending() bool
}

// ZeroCopier is a Conn that sends memory from where it is, and says when it no longer needs it.
type ZeroCopier interface {
	AllowZero() error
	SendZero(p []byte) (int, error)
	Completions(dst []netio.Completion) []netio.Completion
	Reset()
}

// Tuner is a Conn whose kernel can be told when to wake a loop, and how fast to send.
type Tuner interface {
	Await(bytes int)
	LimitUnsent(bytes int)
	Pace(bytesPerSecond uint64)
	// Settle decides on the congestion control, once the connection has carried something. It must be called again until known
	// is true; a result without a name means that there is none.
	Settle(congestion string) (chosen dial.Congestion, known bool)
}

// Placed is a Conn that knows where its packets come in and go out.
type Placed interface {
	// LeavesByNIC reports whether what is sent leaves this machine through a network card.
	LeavesByNIC() bool
	// IncomingCPU is the CPU that last handled its packets; -1: not known.
	IncomingCPU() int
}

// Connection is a Conn with everything that one may be asked. What it cannot do is answered as by a kernel that refuses.
type Connection struct {
	Conn
	Mover
	ZeroCopier
	Tuner
	Placed
}

// Equip finds what a Conn can do, once.
func Equip(c Conn) Connection {
	n := none{c}
	k := Connection{c, n, n, n, n}
	if m, ok := c.(Mover); ok {
		k.Mover = m
	}
	if z, ok := c.(ZeroCopier); ok {
		k.ZeroCopier = z
	}
	if t, ok := c.(Tuner); ok {
		k.Tuner = t
	}
	if p, ok := c.(Placed); ok {
		k.Placed = p
	}
	return k
}

// none answers for a Conn that lacks a capability. Its errors are Unsupported (netio).
type none struct{ c Conn }

func (n none) SendMore(a, b []byte) (int, error)                   { return n.c.Send(a, b) }
func (none) Push()                                                 {}
func (none) SendPipe(*netio.Pipe, int) (int, error)                { return 0, errors.ErrUnsupported }
func (none) SendFile(*netio.Source, int64, int) (int, error)       { return 0, errors.ErrUnsupported }
func (none) Splice(*netio.Sink, int) (int, error)                  { return 0, errors.ErrUnsupported }
func (none) TakePipe(*netio.Pipe, int) (int, error)                { return 0, errors.ErrUnsupported }
func (none) Pending() bool                                         { return false }
func (none) AllowZero() error                                      { return errors.ErrUnsupported }
func (none) SendZero([]byte) (int, error)                          { return 0, errors.ErrUnsupported }
func (none) Completions(dst []netio.Completion) []netio.Completion { return dst }
func (none) Reset()                                                {}
func (none) Await(int)                                             {}
func (none) LimitUnsent(int)                                       {}
func (none) Pace(uint64)                                           {}
func (none) Settle(string) (dial.Congestion, bool)                 { return dial.Congestion{}, true }
func (none) LeavesByNIC() bool                                     { return false }
func (none) IncomingCPU() int                                      { return -1 }

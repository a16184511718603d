package enginetest

import (
	"math/rand/v2"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"viamillipede/engine/internal/stream"
	"viamillipede/netio"
)

// conn is an adopted end: the engine's calls go through it, and meet the faults of its link.
//
// The sending end watches its sockets edge-triggered, so a call that moves less than it could, or nothing, must be
// followed by a real event: see kick. The receiving end's watch is level-triggered.
//
// One thread may send from, or receive to, what the engine does not wait for, while another one does the rest.
type conn struct {
	*netio.Conn
	end *end

	mu       sync.Mutex // guards all below, and is held across no call
	rng      *rand.Rand
	sent     int  // bytes
	received int  // bytes
	swallows int  // bytes that went nowhere
	calls    int  // since the fault began
	dead     bool // met its fault
	refused  bool // the other end has closed it, as a send has found
	tells    bool // what is on its way, as a TCP socket does
	cpu      int  // that its packets come in on
}

var (
	_ stream.Conn       = (*conn)(nil)
	_ stream.Mover      = (*conn)(nil)
	_ stream.ZeroCopier = (*conn)(nil)
	_ stream.Placed     = (*conn)(nil)
)

func newConn(c *netio.Conn, e *end) *conn {
	rng := rand.New(rand.NewPCG(e.link.fault.seed, uint64(e.side)))
	return &conn{Conn: c, end: e, rng: rng, tells: rng.IntN(2) == 0}
}

// Queued plays the kernel of a TCP connection, on half of the links: what the other end has not read is in the network, and so
// is what went nowhere.
func (c *conn) Queued() netio.Queue {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.tells || c.dead {
		return netio.Queue{}
	}
	unread, err := unix.IoctlGetInt(c.FD(), unix.SIOCOUTQ) // in memory, which is more than in bytes (unix(7))
	if err != nil {
		return netio.Queue{}
	}
	unread = min(unread, c.sent)
	return netio.Queue{Told: true, InNetwork: unread + c.swallows, Acked: uint64(c.sent - unread)}
}

// IncomingCPU plays interrupts that are spread anew every now and then.
func (c *conn) IncomingCPU() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.rng.IntN(3) == 0 {
		c.cpu = c.rng.IntN(4)
	}
	return c.cpu
}

// LeavesByNIC is false: this is no network. Nor has it anything to tune.
func (c *conn) LeavesByNIC() bool { return false }

// Send is netio.Conn.Send over a link with faults.
func (c *conn) Send(a, b []byte) (int, error) {
	room, err := c.allow(true, len(a)+len(b))
	if err != nil {
		return 0, err
	}
	if room == 0 { // beyond the fault's byte: it goes nowhere
		c.count(&c.swallows, len(a)+len(b))
		return len(a) + len(b), nil
	}
	a = a[:min(room, len(a))]
	n, err := c.Conn.Send(a, b[:min(room-len(a), len(b))])
	return c.out(n, err)
}

// SendMore is netio.Conn.SendMore over a link with faults.
func (c *conn) SendMore(a, b []byte) (int, error) { return c.Send(a, b) }

// Push has nothing to do: nothing waits.
func (c *conn) Push() {}

// SendPipe is netio.Conn.SendPipe over a link with faults. What goes nowhere leaves the pipe all the same.
func (c *conn) SendPipe(p *netio.Pipe, n int) (int, error) {
	room, err := c.allow(true, n)
	if err != nil {
		return 0, err
	}
	if room == 0 {
		n, err = p.Read(make([]byte, n))
		c.count(&c.swallows, n)
		return n, err
	}
	n, err = c.Conn.SendPipe(p, room)
	return c.out(n, err)
}

// SendFile is netio.Conn.SendFile over a link with faults.
func (c *conn) SendFile(s *netio.Source, offset int64, n int) (int, error) {
	room, err := c.allow(true, n)
	if err != nil {
		return 0, err
	}
	if room == 0 {
		c.count(&c.swallows, n)
		return n, nil
	}
	n, err = c.Conn.SendFile(s, offset, room)
	return c.out(n, err)
}

// Recv is netio.Conn.Recv over a link with faults.
func (c *conn) Recv(a, b []byte) (int, error) {
	room, err := c.allow(false, len(a)+len(b))
	if err != nil {
		return 0, err
	}
	a = a[:min(room, len(a))]
	n, err := c.Conn.Recv(a, b[:min(room-len(a), len(b))])
	c.count(&c.received, n)
	return n, err
}

// Splice is netio.Conn.Splice over a link with faults.
func (c *conn) Splice(s *netio.Sink, n int) (int, error) {
	room, err := c.allow(false, n)
	if err != nil {
		return 0, err
	}
	n, err = c.Conn.Splice(s, room)
	c.count(&c.received, n)
	return n, err
}

// TakePipe is netio.Conn.TakePipe over a link with faults.
func (c *conn) TakePipe(p *netio.Pipe, n int) (int, error) {
	room, err := c.allow(false, n)
	if err != nil {
		return 0, err
	}
	n, err = c.Conn.TakePipe(p, room)
	c.count(&c.received, n)
	return n, err
}

// count adds n to one of the counters.
func (c *conn) count(sum *int, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	*sum += n
}

// out notes how a call that sends went.
func (c *conn) out(n int, err error) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sent += n
	c.refused = c.refused || netio.Refused(err)
	return n, err
}

// allow returns how much of a call for want bytes, 1 or more, may happen. A room of 0 is for faults that swallow.
func (c *conn) allow(out bool, want int) (room int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dead || c.end.link.reset.Load() {
		return 0, c.die("reset")
	}
	if room, err = c.meet(out, want); room < 1 || err != nil {
		return room, err
	}
	f := c.end.net.faults
	if f.Again && c.rng.IntN(16) == 0 && (out || !c.refused) { // what a closed connection has left comes at once, and then its end
		c.kick()
		return 0, netio.ErrAgain
	}
	if f.Short && c.rng.IntN(2) == 0 {
		room = 1 + c.rng.IntN(room)
		c.kick()
	}
	return room, nil
}

// meet lets the call pass up to the byte at which the link's fault begins, and beyond it has the fault happen; under mu.
func (c *conn) meet(out bool, want int) (room int, err error) {
	f := c.end.link.fault
	if f.kind < faultDeath || f.side != c.end.side || f.out != out {
		return want, nil
	}
	done := c.received
	if out {
		done = c.sent
	}
	if done < f.at {
		return min(want, f.at-done), nil
	}
	c.calls++
	switch {
	case f.kind == faultSwallow, f.kind == faultRest && c.calls <= f.calls:
		return 0, nil
	case f.kind == faultFrozen && c.calls <= f.calls:
		return 0, netio.ErrAgain
	case f.kind == faultFrozen:
		return want, nil
	}
	return 0, c.die("died")
}

// die ends the link at this side, and at the other unless its fault is that it does not notice; under mu.
func (c *conn) die(why string) error {
	if !c.dead {
		c.dead = true
		if c.end.link.fault.kind != faultGhost {
			c.shut()
		}
	}
	return os.NewSyscallError(why, syscall.ECONNRESET)
}

func (c *conn) shut() { _ = unix.Shutdown(c.FD(), unix.SHUT_RDWR) }

// kick makes the kernel report the socket's readiness anew, now or, when it is full, once there is room: setting the size
// of the send buffer wakes who waits for room (sock_setsockopt, net/core/sock.c).
func (c *conn) kick() {
	if c.end.side == receiver {
		return
	}
	size, err := unix.GetsockoptInt(c.FD(), unix.SOL_SOCKET, unix.SO_SNDBUF)
	if err == nil {
		_ = unix.SetsockoptInt(c.FD(), unix.SOL_SOCKET, unix.SO_SNDBUF, size/2) // the kernel doubles it (socket(7))
	}
}

// Abort is netio.Conn.Abort; what is on its way is lost where the link's draw says so.
func (c *conn) Abort() error {
	if c.end.link.fault.reset && !c.ghost() {
		c.end.link.reset.Store(true)
	}
	return c.Close()
}

// ghost reports whether the other end must not notice that this one is closed.
func (c *conn) ghost() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.dead && c.end.link.fault.kind == faultGhost
}

// Close is netio.Conn.Close. The descriptor of a ghost lives on until the network is closed.
func (c *conn) Close() error {
	c.end.mu.Lock()
	defer c.end.mu.Unlock()
	c.end.closed = true
	c.end.net.forget(c.end)
	if c.ghost() {
		if fd, err := unix.FcntlInt(uintptr(c.FD()), unix.F_DUPFD_CLOEXEC, 3); err == nil {
			c.end.net.mu.Lock()
			c.end.net.ghosts = append(c.end.net.ghosts, fd)
			c.end.net.mu.Unlock()
		}
	}
	return c.Conn.Close()
}

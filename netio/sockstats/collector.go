package sockstats

import (
	"errors"
	"fmt"
	"os"
	"sync"

	"golang.org/x/sys/unix"

	"viamillipede/netio/host"
)

// Config says which connections are ours.
type Config struct {
	Local  []uint16    // connections that were made to one of these ports of ours
	Remote []uint16    // connections that we made to one of these ports
	Fault  func(p any) // a goroutine of the collector panicked with p, and has ended; the stack is still there. nil: the process ends
}

// Collector has the programs and the sockets that they are at work on. Any goroutine may use it. To attach a socket and to
// end that takes a few system calls, and waits for nobody: what a socket has left behind is looked for by a goroutine, since
// a walk through the map is two system calls for each of its flows.
//
// Lock order: maps, Link.mu, mu.
type Collector struct {
	counter  *counter  // nil: the kernel refused it, for the reason in filterErr
	observer *observer // nil: likewise, in opsErr

	filterErr, opsErr error

	fault func(p any) // Config.Fault

	maps sync.RWMutex // held for reading while maps are read, for writing while something is deleted from them

	mu       sync.Mutex // guards all below, and the observer's programs for late connections; held for no walk
	closed   bool
	live     map[uint64]bool // cookies of the sockets
	sweeping bool            // a goroutine is at it
	stale    bool            // and has to begin anew
}

// Stats is what is known of one socket. What the kernel does not tell is missing.
type Stats struct {
	Flows []Flow // since it was attached; the one with the most bytes first
	Ops   Ops
}

// Link is one socket that is attached. Any goroutine may read it; what it had is gone once it, the collector or the socket
// is closed.
type Link struct {
	c        *Collector
	fd       int
	cookie   uint64
	filtered bool

	mu     sync.RWMutex // held for reading while the descriptor is used
	closed bool         // guarded by mu
}

// errNoCgroup is that there is no folder of a cgroup v2 that this process is in.
var errNoCgroup = errors.New("the cgroup of this process is not below a mounted cgroup v2")

// errNotTCP is why a socket is refused.
var errNotTCP = errors.New("not a TCP socket")

// Open loads the programs; it takes about 2 ms. The caller closes the result. It is an error if neither of the two can be
// at work; Filter and Ops tell of each.
func Open(cfg Config) (*Collector, error) {
	c := &Collector{live: make(map[uint64]bool), fault: cfg.Fault}
	c.counter, c.filterErr = loadCounter()
	c.observer, c.opsErr = openObserver(cfg)
	if c.counter == nil && c.observer == nil {
		return nil, fmt.Errorf("socket filter: %w; sock_ops: %w", c.filterErr, c.opsErr)
	}
	return c, nil
}

func openObserver(cfg Config) (*observer, error) {
	cgroup := host.System.OwnCgroup2()
	if cgroup == "" {
		return nil, errNoCgroup
	}
	return loadObserver(cgroup, cfg.Local, cfg.Remote)
}

// Filter is nil when the socket filter is at work, else why it is not.
func (c *Collector) Filter() error { return c.filterErr }

// Ops is nil when sock_ops is at work, else why it is not.
func (c *Collector) Ops() error { return c.opsErr }

// Cgroup is the folder of the cgroup that sock_ops is at work on, or "".
func (c *Collector) Cgroup() string {
	if c.observer == nil {
		return ""
	}
	return c.observer.cgroup
}

// Attach begins to count on a TCP socket, which stays the caller's. The caller closes the result, before the socket. Of
// a connection that was established before Open, Ops are known from here on, if Linux is 6.15 or later; else never.
func (c *Collector) Attach(fd int) (*Link, error) {
	kind, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PROTOCOL)
	if err != nil {
		return nil, os.NewSyscallError("getsockopt SO_PROTOCOL", err)
	}
	if kind != unix.IPPROTO_TCP {
		return nil, errNotTCP
	}
	cookie, err := unix.GetsockoptUint64(fd, unix.SOL_SOCKET, unix.SO_COOKIE)
	if err != nil {
		return nil, os.NewSyscallError("getsockopt SO_COOKIE", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, os.ErrClosed
	}
	l := &Link{c: c, fd: fd, cookie: cookie}
	if c.observer != nil {
		c.observer.admit(fd, cookie)
	}
	if c.counter == nil {
		return l, nil
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ATTACH_BPF, c.counter.Count.FD()); err != nil {
		return nil, os.NewSyscallError("setsockopt SO_ATTACH_BPF", err)
	}
	l.filtered = true
	c.live[cookie] = true
	return l, nil
}

// Settle says that every connection which was there before Open is attached by now: nothing looks for more of them.
func (c *Collector) Settle() error {
	if c.observer == nil {
		return nil
	}
	c.mu.Lock()
	end := c.observer.settle()
	c.mu.Unlock()
	return end()
}

// Lost is what was not counted, on all sockets together.
func (c *Collector) Lost() Lost {
	c.maps.RLock()
	defer c.maps.RUnlock()
	if c.counter == nil || c.isClosed() {
		return Lost{}
	}
	return c.counter.lost()
}

func (c *Collector) isClosed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}

// Close ends all counting; sockets that are still attached go on without.
func (c *Collector) Close() error {
	c.maps.Lock()
	defer c.maps.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return os.ErrClosed
	}
	c.closed = true
	var err error
	if c.counter != nil {
		err = c.counter.close()
	}
	if c.observer != nil {
		err = errors.Join(err, c.observer.close())
	}
	return err
}

// Read gives what was counted so far; after Close, nothing, since the socket's number may be another's.
func (l *Link) Read() Stats {
	c := l.c
	c.maps.RLock()
	defer c.maps.RUnlock()
	if c.isClosed() {
		return Stats{}
	}
	var counts []counted
	if l.filtered {
		counts = c.counter.read(l.cookie)
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	if l.closed {
		return Stats{}
	}
	s := Stats{Flows: flows(counts, func(index uint32) device { return findDevice(l.fd, index) })}
	if c.observer != nil {
		s.Ops = c.observer.read(l.fd, l.cookie)
	}
	return s
}

// Close ends the counting on the socket, which must still be open.
func (l *Link) Close() error {
	var err error
	if l.filtered {
		err = os.NewSyscallError("setsockopt SO_DETACH_BPF", unix.SetsockoptInt(l.fd, unix.SOL_SOCKET, unix.SO_DETACH_BPF, 0))
	}
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.c.forget(l.cookie)
	return err
}

// forget has the flows of a socket deleted soon.
func (c *Collector) forget(cookie uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || c.counter == nil {
		return
	}
	delete(c.live, cookie)
	c.stale = true
	if !c.sweeping {
		c.sweeping = true
		go c.sweep()
	}
}

// sweep is the goroutine that deletes the flows of sockets that are gone, until none is left. Close joins it as far as that
// matters: it waits for the map, and none is touched after that.
func (c *Collector) sweep() {
	defer c.caught()
	for c.sweepAgain() {
		c.sweepOnce()
	}
}

// caught takes in a panic of the goroutine that defers it, if there is one and somebody wants to know.
func (c *Collector) caught() {
	if c.fault == nil {
		return
	}
	if p := recover(); p != nil {
		c.fault(p)
	}
}

// sweepAgain reports whether a socket has gone since the last look; if not, the sweep is over.
func (c *Collector) sweepAgain() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sweeping = c.stale && !c.closed
	c.stale = false
	return c.sweeping
}

func (c *Collector) sweepOnce() {
	c.maps.Lock()
	defer c.maps.Unlock()
	if c.isClosed() {
		return
	}
	c.counter.sweep(func(cookie uint64) bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.live[cookie]
	})
}

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
	Local  []uint16    // connections made to one of these ports of ours
	Remote []uint16    // connections that we made to one of these ports
	Fault  func(p any) // called when a goroutine of the collector panics with p, on its stack; the goroutine then ends. nil: the process ends
}

// Collector holds the programs and the sockets that they work on. Any goroutine may use it. Attaching or detaching a
// socket takes a few system calls and waits for nobody: a goroutine removes what a socket leaves behind, since walking
// the map takes two system calls for each of its flows.
//
// Lock order: maps, Link.mu, mu.
type Collector struct {
	counter  *counter  // nil: the kernel refused it, for the reason in filterErr
	observer *observer // nil: likewise, in opsErr

	filterErr, opsErr error

	fault func(p any) // Config.Fault

	maps sync.RWMutex // read-locked while maps are read, locked while something is deleted from them

	mu       sync.Mutex // guards everything below, and the observer's programs for late connections; not held while a map is walked
	closed   bool
	live     map[uint64]bool // cookies of the sockets
	sweeping bool            // a goroutine is sweeping
	stale    bool            // and has to start over
}

// Stats is what is known about one socket. What the kernel does not tell is missing.
type Stats struct {
	Flows []Flow // since it was attached; most bytes first
	Ops   Ops
}

// Link is one attached socket. Any goroutine may read it; its counts are gone once the Link, the collector or the socket
// is closed.
type Link struct {
	c        *Collector
	fd       int
	cookie   uint64
	filtered bool

	mu     sync.RWMutex // read-locked while the descriptor is used
	closed bool         // guarded by mu
}

// errNoCgroup means that this process's cgroup v2 has no visible folder.
var errNoCgroup = errors.New("the cgroup of this process is not below a mounted cgroup v2")

// errNotTCP is why a socket is refused.
var errNotTCP = errors.New("not a TCP socket")

// Open loads the programs; it takes about 2 ms. The caller closes the result. It is an error if neither of the two works;
// Filter and Ops tell about each.
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

// Filter is nil if the socket filter works; otherwise it says why not.
func (c *Collector) Filter() error { return c.filterErr }

// Ops is nil if sock_ops works; otherwise it says why not.
func (c *Collector) Ops() error { return c.opsErr }

// Cgroup is the folder of the cgroup that sock_ops is attached to, or "".
func (c *Collector) Cgroup() string {
	if c.observer == nil {
		return ""
	}
	return c.observer.cgroup
}

// Attach begins to count on a TCP socket, which stays the caller's. The caller closes the result before the socket. For a
// connection established before Open, Ops are known from now on with Linux 6.15 or later, and never with older kernels.
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

// Settle tells the collector that all connections established before Open are attached by now: it stops preparing for
// more of them.
func (c *Collector) Settle() error {
	if c.observer == nil {
		return nil
	}
	c.mu.Lock()
	end := c.observer.settle()
	c.mu.Unlock()
	return end()
}

// Lost is what was not counted, over all sockets.
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

// Close ends all counting; sockets that are still attached work on without it.
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

// Read returns what was counted so far; nothing after Close, since the descriptor's number may belong to another file.
func (l *Link) Read() Stats { return ReadAll([]*Link{l})[0] }

// ReadAll is Read for each of several links of one collector. It walks through the map of flows once, where each Read does.
func ReadAll(links []*Link) []Stats {
	all := make([]Stats, len(links))
	if len(links) == 0 {
		return all
	}
	c := links[0].c
	c.maps.RLock()
	defer c.maps.RUnlock()
	if c.isClosed() {
		return all
	}
	wanted := map[uint64][]counted{}
	for _, l := range links {
		if l.filtered {
			wanted[l.cookie] = nil
		}
	}
	if len(wanted) > 0 {
		c.counter.read(wanted)
	}
	for i, l := range links {
		all[i] = l.stats(wanted[l.cookie])
	}
	return all
}

// stats are those of a link with these counts; while the maps are read.
func (l *Link) stats(counts []counted) Stats {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if l.closed {
		return Stats{}
	}
	s := Stats{Flows: flows(counts, func(index uint32) device { return findDevice(l.fd, index) })}
	if l.c.observer != nil {
		s.Ops = l.c.observer.read(l.fd, l.cookie)
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

// forget makes sure that the flows of a socket are deleted soon.
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

// sweep is the goroutine that deletes the flows of sockets that are gone, until none is left. Close joins it as far as
// that matters: it waits for the lock on the maps, and sweep touches none afterwards.
func (c *Collector) sweep() {
	defer c.caught()
	for c.sweepAgain() {
		c.sweepOnce()
	}
}

// caught recovers a panic of the goroutine that defers it, if there is one and Config.Fault is set.
func (c *Collector) caught() {
	if c.fault == nil {
		return
	}
	if p := recover(); p != nil {
		c.fault(p)
	}
}

// sweepAgain reports whether a socket has gone since the last pass; if not, the sweep is over.
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

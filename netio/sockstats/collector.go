package sockstats

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// Config says which connections are ours.
type Config struct {
	Root   string   // the folder that the file system's root is at; "" is "/"
	Local  []uint16 // connections that were made to one of these ports of ours
	Remote []uint16 // connections that we made to one of these ports
}

// Collector has the programs and the sockets that they are at work on. Any goroutine may use it.
type Collector struct {
	counter  *counter  // nil: the kernel refused it, for the reason in filterErr
	observer *observer // nil: likewise, in opsErr

	filterErr, opsErr error

	mu     sync.RWMutex // held for reading while maps are read; guards all below, and that the programs are there
	closed bool
	live   map[uint64]bool // cookies of the sockets
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
	closed   bool // guarded by c.mu
}

// errNotTCP is why a socket is refused.
var errNotTCP = errors.New("not a TCP socket")

// Open loads the programs; it takes about 2 ms. The caller closes the result. It is an error if neither of the two can be
// at work; Filter and Ops tell of each.
func Open(cfg Config) (*Collector, error) {
	if cfg.Root == "" {
		cfg.Root = "/"
	}
	c := &Collector{live: make(map[uint64]bool)}
	c.counter, c.filterErr = loadCounter()
	c.observer, c.opsErr = openObserver(cfg)
	if c.counter == nil && c.observer == nil {
		return nil, fmt.Errorf("socket filter: %w; sock_ops: %w", c.filterErr, c.opsErr)
	}
	return c, nil
}

func openObserver(cfg Config) (*observer, error) {
	cgroup, err := findCgroup(cfg.Root)
	if err != nil {
		return nil, err
	}
	return loadObserver(cgroup, cfg.Local, cfg.Remote)
}

// short is what is worth showing of an error of the library: it has a line for each instruction, or words of help.
func short(err error) error {
	if v, ok := errors.AsType[*ebpf.VerifierError](err); ok {
		err = v.Cause
	}
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		return os.NewSyscallError("bpf", errno)
	}
	return err
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
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || c.observer == nil {
		return nil
	}
	return c.observer.settle()
}

// Lost is what was not counted, on all sockets together.
func (c *Collector) Lost() Lost {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.closed || c.counter == nil {
		return Lost{}
	}
	return c.counter.lost()
}

// Close ends all counting; sockets that are still attached go on without.
func (c *Collector) Close() error {
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
	c.mu.RLock()
	defer c.mu.RUnlock()
	var s Stats
	if c.closed || l.closed {
		return s
	}
	if l.filtered && c.live[l.cookie] {
		s.Flows = c.counter.read(l.cookie, func(index uint32) device { return findDevice(l.fd, index) })
	}
	if c.observer != nil {
		s.Ops = c.observer.read(l.fd, l.cookie)
	}
	return s
}

// Close ends the counting on the socket, which must still be open.
func (l *Link) Close() error {
	c := l.c
	var err error
	if l.filtered {
		err = os.NewSyscallError("setsockopt SO_DETACH_BPF", unix.SetsockoptInt(l.fd, unix.SOL_SOCKET, unix.SO_DETACH_BPF, 0))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	l.closed = true
	if c.closed || c.counter == nil {
		return err
	}
	delete(c.live, l.cookie)
	c.counter.sweep(func(cookie uint64) bool { return c.live[cookie] })
	return err
}

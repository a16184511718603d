package netio

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"viamillipede/netio/internal/sys"
)

// Pipe is a pipe of our own; nobody else has either end, so what is in it stays until we move or drop it. It holds
// references to pages (pipe(7), splice(2)), so bytes go in and out without being copied, as long as it has free slots.
// One thread at a time may use it, except that several may Tee from a pipe that nobody changes.
type Pipe struct {
	r, w  int
	held  int // bytes in it
	trace Tracer
}

// newPipe makes a pipe of at least size bytes; getting a smaller one is an error.
func newPipe(size int, trace Tracer) (*Pipe, error) {
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		return nil, os.NewSyscallError("pipe2", err)
	}
	p := &Pipe{r: fds[0], w: fds[1], trace: trace}
	_, set := unix.FcntlInt(uintptr(p.w), unix.F_SETPIPE_SZ, size)
	got, err := unix.FcntlInt(uintptr(p.w), unix.F_GETPIPE_SZ, 0)
	if err == nil && got < size {
		err = fmt.Errorf("a pipe of %d bytes, %d were asked for: %w", got, size, set)
	}
	if err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

func (p *Pipe) close() {
	_ = closeOnce(&p.r)
	_ = closeOnce(&p.w)
	p.held = 0
}

// Len is how many bytes are in the pipe.
func (p *Pipe) Len() int { return p.held }

// FD is the read end, for inspecting the pipe; it stays the Pipe's.
func (p *Pipe) FD() int { return p.r }

// Tee puts a second reference to everything in the pipe into an empty one (tee(2)); both then hold the same bytes. On an
// error the other pipe may hold some of them.
func (p *Pipe) Tee(to *Pipe) error {
	n, err := again(func() (int, syscall.Errno) { return sys.Tee(p.r, to.w, p.held, unix.SPLICE_F_NONBLOCK) })
	n, e := p.trace.outcome("tee", p.r, n, err, true)
	to.held += n
	switch {
	case e != nil:
		return e
	case n < p.held: // tee always starts at the beginning, so it cannot continue from here
		return errShort
	}
	return nil
}

var errShort = errors.New("moved less than was there")

// Read copies what is in the pipe out of it until b is full or the pipe is empty (0, io.EOF).
func (p *Pipe) Read(b []byte) (int, error) {
	if p.held == 0 {
		return 0, io.EOF
	}
	n, err := again(func() (int, syscall.Errno) { return sys.Read(p.r, b) })
	n, e := p.trace.outcome("read", p.r, n, err, true)
	p.held -= n
	return n, e
}

// Splice moves up to n bytes from the source, a pipe, into p without copying them. (n > 0, nil); (0, ErrAgain): the
// source has nothing, or p has no slot left (then p is not empty); (0, io.EOF); (0, *os.SyscallError), see Unsupported.
func (s *Source) Splice(p *Pipe, n int) (int, error) {
	n, errno := again(func() (int, syscall.Errno) {
		return sys.SpliceShared(s.fd, p.w, n, unix.SPLICE_F_NONBLOCK|unix.SPLICE_F_MOVE)
	})
	n, err := s.trace.outcome("splice", s.fd, n, errno, true)
	p.held += n
	return n, err
}

// Splices reports whether Splice may work: the source is a pipe, for which SPLICE_F_NONBLOCK keeps us from waiting for
// data, even if others share its open file description.
func (s *Source) Splices() bool { return s.pipe }

// AtEnd reports whether the source, a pipe, is empty and no longer has a writer (POLLHUP without POLLIN, poll(2)).
func (s *Source) AtEnd() bool { return s.events(unix.POLLIN) == unix.POLLHUP }

// SendPipe sends up to n bytes of the pipe by reference, as much as the socket takes: the pages must not change before the peer
// has them. (n > 0, nil); (0, ErrAgain): no room now; (0, *os.SyscallError): the connection is lost, unless the error is
// Unsupported.
func (c *Conn) SendPipe(p *Pipe, n int) (int, error) {
	n, errno := again(func() (int, syscall.Errno) {
		return sys.Splice(p.r, c.fd, n, unix.SPLICE_F_NONBLOCK|unix.SPLICE_F_MOVE)
	})
	n, err := c.trace.outcome("splice", c.fd, n, errno, false)
	p.held -= n
	return n, err
}

// Unsupported reports whether a call failed because the kernel, a filter (seccomp(2)) or a descriptor does not allow it
// at all. Nothing was moved, so the bytes can go another way.
func Unsupported(err error) bool {
	if err == nil || err == ErrAgain { // the usual answers, on the data path
		return false
	}
	return errors.Is(err, errors.ErrUnsupported) || errors.Is(err, unix.EINVAL) || errors.Is(err, unix.EPERM) ||
		errors.Is(err, unix.EACCES)
}

// Pipes is a bounded pool of pipes of one size, made when needed and reused: the one put back last first, since its
// kernel structures are in the cache. Any thread may use it.
type Pipes struct {
	size, most int
	trace      Tracer

	dropping sync.RWMutex // read-locked by whoever uses null
	null     int          // the null device, where dropped bytes go; -1 once closed

	mu      sync.Mutex
	closed  bool // guarded by mu, as is everything below
	free    []*Pipe
	made    int
	refused error // why no more can be made
}

// NewPipes makes a pool of at most most pipes of size bytes each, and tries two of them: an error says which of pipe2(2),
// F_SETPIPE_SZ (fcntl(2)), splice(2) or tee(2) failed. The caller closes the pool.
func NewPipes(size, most int, trace Tracer) (*Pipes, error) {
	null, err := unix.Open(os.DevNull, unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("open", err)
	}
	p := &Pipes{size: size, most: most, trace: trace, null: null}
	if err := p.try(); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

// try sends one byte the way legs go.
func (p *Pipes) try() error {
	a, b := p.Get(), p.Get()
	if a == nil || b == nil {
		return p.refused
	}
	if _, err := unix.Write(a.w, []byte{1}); err != nil {
		return os.NewSyscallError("write", err)
	}
	a.held = 1
	err := a.Tee(b)
	if err == nil {
		err = b.drain(p.null)
	}
	p.Put(a)
	p.Put(b)
	return err
}

// Get returns an empty pipe, or nil if there can be no more: the user's budget (pipe(7)) or ours is used up.
func (p *Pipes) Get() *Pipe {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil
	}
	if n := len(p.free); n > 0 {
		pipe := p.free[n-1]
		p.free = p.free[:n-1]
		return pipe
	}
	if p.made == p.most || p.refused != nil {
		return nil
	}
	pipe, err := newPipe(p.size, p.trace)
	if err != nil {
		p.refused = err
		return nil
	}
	p.made++
	return pipe
}

// Put takes a pipe back and drops what is in it. After Close it closes the pipe.
func (p *Pipes) Put(pipe *Pipe) {
	err := p.drop(pipe)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || err != nil {
		pipe.close()
		p.made--
		return
	}
	p.free = append(p.free, pipe)
}

// drop discards what is in a pipe.
func (p *Pipes) drop(pipe *Pipe) error {
	p.dropping.RLock()
	defer p.dropping.RUnlock()
	if p.null < 0 {
		return os.ErrClosed
	}
	return pipe.drain(p.null)
}

// drain moves what is in the pipe to the null device.
func (p *Pipe) drain(null int) error {
	for p.held > 0 {
		n, errno := again(func() (int, syscall.Errno) { return sys.Splice(p.r, null, p.held, unix.SPLICE_F_NONBLOCK) })
		n, err := p.trace.outcome("splice", p.r, n, errno, true)
		if err != nil {
			return err
		}
		p.held -= n
	}
	return nil
}

// Close closes the pipes that are not in use.
func (p *Pipes) Close() {
	p.dropping.Lock()
	defer p.dropping.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, pipe := range p.free {
		pipe.close()
	}
	p.made -= len(p.free)
	p.free = nil
	_ = closeOnce(&p.null)
}

package netio

import (
	"errors"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"viamillipede/netio/internal/sys"
)

// Readiness that a Poller can wait for and report; epoll_ctl(2). Failed and HungUp are always reported.
const (
	Readable uint32 = unix.EPOLLIN
	Writable uint32 = unix.EPOLLOUT
	Failed   uint32 = unix.EPOLLERR
	HungUp   uint32 = unix.EPOLLHUP
	Ended    uint32 = unix.EPOLLRDHUP   // the peer has ended its side
	Edge     uint32 = unix.EPOLLET      // report a change once
	Once     uint32 = unix.EPOLLONESHOT // report once, then nothing until Modify
)

// eventsPerWait bounds one epoll_wait: it exceeds a loop's links, its source or sink, and its wake-up together.
const eventsPerWait = 80

// Event is one descriptor's readiness. Token is what Add was given.
type Event struct {
	Token int32
	Ready uint32
}

// Poller is one epoll instance (epoll(7)). Wait belongs to one thread; Add, Modify and Remove may be called from any, and fail
// once it is closed.
type Poller struct {
	mu    sync.RWMutex // read-locked by whoever changes what is watched
	fd    int          // -1 once closed; changed under mu while nobody waits
	raw   [eventsPerWait]unix.EpollEvent
	ready [eventsPerWait]Event
	nap   nap // of Rest
}

// NewPoller makes an epoll instance; the caller closes it.
func NewPoller() (*Poller, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	return &Poller{fd: fd}, nil
}

// Add starts watching fd for the events; token comes back with each of its events.
func (p *Poller) Add(fd int, events uint32, token int32) error {
	return p.control(unix.EPOLL_CTL_ADD, fd, events, token)
}

// Modify replaces the events watched for fd.
func (p *Poller) Modify(fd int, events uint32, token int32) error {
	return p.control(unix.EPOLL_CTL_MOD, fd, events, token)
}

// Remove stops watching fd. Call it before closing fd: a duplicate elsewhere would keep the registration alive.
func (p *Poller) Remove(fd int) error { return p.control(unix.EPOLL_CTL_DEL, fd, 0, 0) }

func (p *Poller) control(op, fd int, events uint32, token int32) error {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if p.fd < 0 || fd < 0 {
		return os.NewSyscallError("epoll_ctl", unix.EBADF)
	}
	ev := unix.EpollEvent{Events: events, Fd: token}
	return os.NewSyscallError("epoll_ctl", unix.EpollCtl(p.fd, op, fd, &ev))
}

// Unwatched reports whether err is that of Modify or Remove where nothing is watched by that number: neither was it added, nor is it still
// the same open file.
func Unwatched(err error) bool { return errors.Is(err, unix.ENOENT) }

// Wait blocks for at most timeout milliseconds (0 does not block, negative is for ever) and returns what is ready; the
// slice is valid until the next Wait. An interrupted wait returns no events.
func (p *Poller) Wait(timeout int) ([]Event, error) {
	return p.found(p.wait(timeout))
}

// found makes what is in raw the result of a wait.
func (p *Poller) found(n int, err syscall.Errno) ([]Event, error) {
	if err == unix.EINTR {
		return nil, nil
	}
	if err != 0 {
		return nil, os.NewSyscallError("epoll_wait", err)
	}
	for i := range n {
		p.ready[i] = Event{Token: p.raw[i].Fd, Ready: p.raw[i].Events}
	}
	return p.ready[:n], nil
}

// wait tells Go's scheduler only when it may really wait.
func (p *Poller) wait(timeout int) (int, syscall.Errno) {
	if timeout == 0 {
		return sys.EpollPoll(p.fd, p.raw[:])
	}
	n, err := unix.EpollWait(p.fd, p.raw[:], timeout)
	return n, errno(err)
}

// Close frees the instance. (os.ErrClosed): it was already closed. Nobody may be in Wait.
func (p *Poller) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fd >= 0 && p.nap.file != nil {
		p.fd = -1
		return p.nap.file.Close() // which has the descriptor
	}
	return closeOnce(&p.fd)
}

// closeOnce closes a descriptor and forgets its number, which the kernel may reuse from then on. (os.ErrClosed): it was
// already closed.
func closeOnce(fd *int) error {
	if *fd < 0 {
		return os.ErrClosed
	}
	number := *fd
	*fd = -1
	return os.NewSyscallError("close", unix.Close(number))
}

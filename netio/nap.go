package netio

import (
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"viamillipede/netio/internal/sys"
)

// nap is what a Poller needs for Rest: an epoll instance is readable itself when one of its descriptors is ready, so Go's network poller
// can watch it.
type nap struct {
	file   *os.File        // the instance, which it closes; nil: Rest was never called
	raw    syscall.RawConn // of file; nil: Go's poller does not take it
	ready  func(fd uintptr) bool
	n      int           // what the last call of ready found
	failed syscall.Errno // likewise
}

// Rest is Wait by a goroutine whose thread does other work meanwhile, unless the goroutine is locked to it. What becomes ready is noticed a
// little later than by Wait, and costs more; a thousand who rest cost no thread. timeout is more than 0. Wait and Rest belong to one
// goroutine at a time.
func (p *Poller) Rest(timeout time.Duration) ([]Event, error) {
	if p.nap.file == nil {
		p.lieDown()
	}
	k := &p.nap
	if k.raw == nil || k.file.SetReadDeadline(time.Now().Add(timeout)) != nil {
		return p.Wait(int((timeout + time.Millisecond - 1) / time.Millisecond))
	}
	if k.raw.Read(k.ready) != nil { // (os.ErrDeadlineExceeded): perhaps before anybody looked, where CPU time is short
		return p.Wait(0)
	}
	return p.found(k.n, k.failed)
}

// lieDown hands the descriptor to Go's poller, which only takes one that does not block; that changes nothing for epoll_wait(2).
func (p *Poller) lieDown() {
	p.mu.Lock()
	defer p.mu.Unlock()
	_ = unix.SetNonblock(p.fd, true)
	k := &p.nap
	k.file = os.NewFile(uintptr(p.fd), "epoll")
	k.ready = func(fd uintptr) bool {
		k.n, k.failed = sys.EpollPoll(int(fd), p.raw[:])
		return k.n > 0 || k.failed != 0 && k.failed != unix.EINTR
	}
	if k.file.SetReadDeadline(time.Time{}) == nil {
		k.raw, _ = k.file.SyscallConn()
	}
}

package netio

import (
	"time"

	"golang.org/x/sys/unix"
)

// What a consumer has not read is lost when it goes away, and nobody is told: write(2) has succeeded. So we look. There
// is no event for a pipe that has become empty; while nothing moves, we look ever more rarely.
const (
	fionread  = unix.SIOCINQ          // one number, with one name for pipes and another for sockets
	lookFirst = 50 * time.Microsecond // a consumer that waits for its input has read it by then
	lookMost  = 50 * time.Millisecond
	lookMoved = time.Millisecond // bounds the next wait if something was read or another program writes

	neighbourMost = 5 * time.Second // how long we put up with another program that keeps the pipe full
)

// Unread is how many of the bytes written the sink's consumer has not read, as far as the kernel tells: in a pipe
// (FIONREAD, pipe(7)); in a socket, what its peer has not taken (SIOCOUTQ, tcp(7); for unix(7) it counts memory);
// otherwise 0. It may have to wait for another program that holds the pipe's lock.
func (s *Sink) Unread() int {
	n, err := 0, error(nil)
	switch {
	case s.pipe:
		n, err = unix.IoctlGetInt(s.fd, fionread)
	case s.kind == kindSocket:
		n, err = unix.IoctlGetInt(s.fd, unix.SIOCOUTQ)
	}
	if err != nil {
		return 0
	}
	return n
}

// Counted reports whether Unread has bytes of the stream: of unix(7) sockets the kernel tells the memory, which may be several times that.
func (s *Sink) Counted() bool {
	if s.kind != kindSocket {
		return true
	}
	family, err := unix.GetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_DOMAIN)
	return err == nil && family != unix.AF_UNIX
}

// Dropped reports whether whatever the consumer had not taken is already discarded: the sink is a socket that its peer
// has reset. What a pipe holds stays there.
func (s *Sink) Dropped() bool { return s.kind == kindSocket && s.readerGone(0) }

// AwaitReader waits, once all is written, until the consumer has read it all, or is gone with left bytes unread, or stop
// is closed. It waits as long as the consumer takes; see tail for other programs that write to the same pipe.
func (s *Sink) AwaitReader(stop <-chan struct{}) (left int, gone bool) {
	n := s.Unread()
	t := tail{left: n, last: n}
	for wait := lookFirst; ; wait = min(2*wait, lookMost) {
		if t.left == 0 {
			return 0, s.Dropped()
		}
		gone = s.readerGone(wait)
		now := s.Unread()
		if gone && s.kind == kindSocket { // what it had not taken is discarded and no longer counted
			return t.left, true
		}
		if t.look(now, func() bool { return !s.ready(unix.POLLOUT) }, time.Now()) {
			wait = min(wait, lookMoved/2)
		}
		switch {
		case gone:
			return t.left, t.left > 0
		case t.hidden(time.Now()):
			return 0, false
		}
		select {
		case <-stop:
			return t.left, false
		default:
		}
	}
}

// tail works out how much is left in a pipe of what it held at first. Others may write to it too, and their bytes look
// the same. But whenever the pipe holds less than before, at least that much of the first bytes was read; whenever it
// holds more, there is another writer. A writer that keeps the pipe full, so that nothing can be seen, is tolerated for
// neighbourMost.
type tail struct {
	left, last int       // of what it held at first, at most; and of everything
	shared     bool      // another program writes, too
	full       time.Time // since when nothing can be seen; zero if something can
}

// look takes in how much the pipe holds now and whether it is full, which it asks only if that matters. It reports
// whether the next look should come soon.
func (t *tail) look(now int, full func() bool, at time.Time) (soon bool) {
	moved := now != t.last
	if now < t.last {
		t.left -= t.last - now
	}
	t.shared = t.shared || now > t.last
	switch {
	case now < t.last || !t.shared || !full():
		t.full = time.Time{}
	case t.full.IsZero():
		t.full = at
	}
	t.left, t.last = max(0, min(t.left, now)), now
	return moved || !t.full.IsZero()
}

// hidden reports whether nothing could be seen for so long that waiting is pointless.
func (t *tail) hidden(at time.Time) bool { return !t.full.IsZero() && at.Sub(t.full) >= neighbourMost }

// readerGone waits, for at most the time given, for the news that nobody reads the sink any more (POLLERR, poll(2)).
func (s *Sink) readerGone(atMost time.Duration) bool {
	p := []unix.PollFd{{Fd: int32(s.fd)}}
	t := unix.NsecToTimespec(int64(atMost))
	n, err := unix.Ppoll(p, &t, nil)
	return err == nil && n > 0 && p[0].Revents&unix.POLLERR != 0
}

package netio

import (
	"time"

	"golang.org/x/sys/unix"
)

// What a consumer has not read yet is lost when it goes away, and nobody is told of that: write(2) has succeeded. So it is
// looked at. There is no event for a pipe that has become empty; the looks grow rare while nothing moves.
const (
	fionread  = unix.SIOCINQ          // it has one number for pipes and sockets, and two names
	lookFirst = 50 * time.Microsecond // a consumer that waits for its input has read it by then
	lookMost  = 50 * time.Millisecond
	lookMoved = time.Millisecond // bounds the next wait when something was read, or a neighbour writes

	neighbourMost = 5 * time.Second // that keeps a pipe full is put up with for so long
)

// Unread is how many bytes of what was written the sink's consumer has not read, as far as can be told: in a pipe
// (FIONREAD, pipe(7)); of a socket what its peer has not taken (SIOCOUTQ, tcp(7), unix(7), where it counts memory); else 0.
// It may have to wait for a neighbour who holds the pipe's lock.
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

// Dropped reports whether what the consumer had not taken, if there was anything, is thrown away already: of a socket that its
// peer has reset. What a pipe holds stays there.
func (s *Sink) Dropped() bool { return s.kind == kindSocket && s.readerGone(0) }

// AwaitReader waits, when all is written, until the consumer has read it, or is gone, with so many bytes unread, or stop is
// closed. It takes the time that the consumer takes; see tail for a neighbour who writes to the same pipe.
func (s *Sink) AwaitReader(stop <-chan struct{}) (left int, gone bool) {
	n := s.Unread()
	t := tail{left: n, last: n}
	for wait := lookFirst; ; wait = min(2*wait, lookMost) {
		if t.left == 0 {
			return 0, s.Dropped()
		}
		gone = s.readerGone(wait)
		now := s.Unread()
		if gone && s.kind == kindSocket { // what it had not taken is thrown away, and counts no more
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

// tail reckons how much is left in a pipe of what was there at first. Others may write to it too, and what they add cannot be told
// from that. But whenever there is less than before, as much at least was taken from what was there first; and where there is more,
// there is a neighbour. One who keeps the pipe full, so that nothing can be seen, is put up with for neighbourMost.
type tail struct {
	left, last int       // of what was there at first, at most; and of all
	shared     bool      // there is a neighbour
	full       time.Time // since when nothing can be seen; zero: it can
}

// look takes in how much there is now, and whether the pipe is full, which is asked where it matters. It reports whether the next
// look should come soon.
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

// hidden reports whether nothing could be seen for so long that it is no use to wait.
func (t *tail) hidden(at time.Time) bool { return !t.full.IsZero() && at.Sub(t.full) >= neighbourMost }

// readerGone waits at most so long for the news that nobody reads the sink any more (POLLERR, poll(2)).
func (s *Sink) readerGone(atMost time.Duration) bool {
	p := []unix.PollFd{{Fd: int32(s.fd)}}
	t := unix.NsecToTimespec(int64(atMost))
	n, err := unix.Ppoll(p, &t, nil)
	return err == nil && n > 0 && p[0].Revents&unix.POLLERR != 0
}

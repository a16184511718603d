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

	neighbourMost = 5 * time.Second // how long one is put up with
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
// closed. It takes the time that the consumer takes.
//
// Others may write to the same pipe, and what they add cannot be told from what was there. But whenever there is less than
// before, as much at least was taken from what was there first; and where there is more than before, there is a neighbour.
// One who keeps the pipe full, so that nothing can be seen, is waited for no longer than neighbourMost.
func (s *Sink) AwaitReader(stop <-chan struct{}) (left int, gone bool) {
	last := s.Unread()
	left = last
	var neighbour time.Time
	for wait := lookFirst; ; wait = min(2*wait, lookMost) {
		if left == 0 {
			return 0, s.Dropped()
		}
		gone = s.readerGone(wait)
		now := s.Unread()
		if gone && s.kind == kindSocket { // what it had not taken is thrown away, and counts no more
			return left, true
		}
		if now < last {
			left -= last - now
		} else if now > last && neighbour.IsZero() {
			neighbour = time.Now()
		}
		if now != last || !neighbour.IsZero() {
			wait = min(wait, lookMoved/2)
		}
		last = now
		left = max(0, min(left, now))
		if gone {
			return left, left > 0
		}
		if !neighbour.IsZero() && time.Since(neighbour) >= neighbourMost {
			return 0, false
		}
		select {
		case <-stop:
			return left, false
		default:
		}
	}
}

// readerGone waits at most so long for the news that nobody reads the sink any more (POLLERR, poll(2)).
func (s *Sink) readerGone(atMost time.Duration) bool {
	p := []unix.PollFd{{Fd: int32(s.fd)}}
	t := unix.NsecToTimespec(int64(atMost))
	n, err := unix.Ppoll(p, &t, nil)
	return err == nil && n > 0 && p[0].Revents&unix.POLLERR != 0
}

package outflow

import (
	"errors"
	"io"
	"net"
	"time"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/observe"
	"viamillipede/engine/parties"
	"viamillipede/engine/schedule"
	"viamillipede/engine/wire1"
	"viamillipede/netio"
)

// conclude says the end, when all legs are in sockets, and waits until the peer's kernel has everything. That may take as long as the
// receiver's consumer does.
//
// The end is said only when all legs are on their way: the original waits a few seconds at most for a leg that is missing.
func (s *Sender) conclude() {
	if s.over() || !s.whole() || !s.drain(func(q netio.Queue) bool { return q.Unsent == 0 }) {
		return
	}
	s.said.Store(true)
	end := wire1.Packet{Number: s.numbers.Load(), Opcode: wire1.End}
	if _, err := s.links[0].conn().Write(end.Append(nil)); err != nil {
		s.links[0].drop(err)
		return
	}
	s.drain(netio.Queue.Clear)
}

// whole asks whether what was read is all that was to come; false: it is not, or the stream is over.
func (s *Sender) whole() bool {
	var err error
	if s.cfg.Producer != nil {
		err = parties.Consult(s.out, 0, s.cfg.Producer.Whole)
	}
	if err == nil {
		err = s.unchanged()
	}
	if err != nil {
		s.refuse(err)
	}
	return !s.over()
}

// unchanged is nil unless the source is a file that is not what it was at the start.
func (s *Sender) unchanged() error {
	if !s.sized {
		return nil
	}
	now, err := s.source.Stamp()
	if err != nil {
		return err
	}
	if what := now.Since(s.was); what != "" {
		return stream.Fail(stream.StatusIntegrity, nil, "%s changed while it was sent: %s", s.cfg.Name, what)
	}
	return nil
}

// drain waits until each link is done, or its kernel does not tell; false: the stream is over.
func (s *Sender) drain(done func(netio.Queue) bool) bool {
	again := time.NewTimer(0)
	defer again.Stop()
	for wait := schedule.DrainSoon; ; wait = min(2*wait, schedule.DrainRare) {
		select {
		case <-s.out:
			return false
		case <-again.C:
		}
		if s.drained(done) {
			return true
		}
		again.Reset(wait)
	}
}

func (s *Sender) drained(done func(netio.Queue) bool) bool {
	for _, k := range s.links {
		gone := k.gone.Load() // asked first: whatever the receiver had when it closed is acknowledged with that
		switch q := k.queue(); {
		case !q.Told || done(q):
		case gone:
			k.drop(io.ErrUnexpectedEOF)
			return false
		default:
			return false
		}
	}
	return true
}

// queue is where what the socket took is.
func (k *link) queue() netio.Queue {
	if t, ok := k.conn().(*net.TCPConn); ok {
		return netio.QueuedOf(t)
	}
	return netio.Queue{}
}

// errSilent is why a link is given up.
var errSilent = errors.New("nothing gets through")

// watch looks at the links again and again, until the stream is over. One on which nothing gets through for as long as giveup says is
// given up, although the receiver would take more.
func (s *Sender) watch() {
	defer s.caught("a look at the links")
	again := time.NewTicker(s.cfg.Timing.Stall)
	defer again.Stop()
	for {
		select {
		case <-s.out:
			return
		case now := <-again.C:
			for _, k := range s.links {
				if still := k.look(now); s.cfg.Giveup > 0 && still >= s.cfg.Giveup {
					k.drop(errSilent)
				}
			}
		}
	}
}

// look notes what the link has done, and returns how long nothing has got through of what is on its way.
func (k *link) look(now time.Time) (still time.Duration) {
	q := k.queue()
	k.mu.Lock()
	defer k.mu.Unlock()
	bytes := k.bytes.Load()
	k.rate = observe.PerSecond(bytes-k.seen, now.Sub(k.looked))
	k.seen, k.looked = bytes, now
	if q.InNetwork == 0 || q.PeerFull || q.Acked != k.acked {
		k.acked, k.moved = q.Acked, now
	}
	return now.Sub(k.moved)
}

package inflow

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"viamillipede/bufpool"
	"viamillipede/engine/internal/stream"
	"viamillipede/engine/wire1"
)

const (
	aheadMost = 8       // buffers of one link
	farMost   = 1 << 24 // legs: no sender is further ahead of the leg that is missing
)

// Host is the receiver that a stream comes to. Any goroutine may call, except that Deliver and End come in the order of the stream.
// Own, Checked, End and Fail are called under the stream's lock.
type Host interface {
	// Buffer is a free buffer. There is one for each of Config.Buffers; nil: there is none all the same.
	Buffer() *bufpool.Buffer
	// Own is called before the first Deliver, and before End: some of the stream is in. false: the receiver has another one.
	Own() bool
	// Deliver takes the next bytes of the stream, 1 or more, in a buffer of Host's. Once they are in the sink it calls freed, if it
	// can.
	Deliver(b *bufpool.Buffer, bytes int, freed func())
	// End says that all is delivered.
	End()
	// Checked says, once the first leg is in, whether the sender computes checksums.
	Checked(computed bool)
	// Fail ends the stream.
	Fail(err *stream.Error)
}

// Config is what a stream has to know.
type Config struct {
	Host     Host
	Buffers  int             // that Host has, at least one for each link
	Patience time.Duration   // how long a missing leg may have no link that could bring it, before it is lost
	Over     <-chan struct{} // closed when the stream has ended
}

// Stream is one stream of version 1. Any goroutine may call its methods.
type Stream struct {
	cfg   Config
	most  int // links
	ahead int // buffers of each

	mu     sync.Mutex
	links  map[*Link]bool  // guarded by mu, as is all below
	sites  map[string]bool // hosts that have brought some of it
	next   uint64          // the leg that is handed on next
	sums   wire1.Chain
	summed bool   // some leg had a checksum
	owned  bool   // some of the stream is in
	total  uint64 // legs, once the end is known
	ended  bool   // it is
	done   bool   // all is handed on, or the stream has failed or given way
	doubt  *time.Timer

	out chan struct{} // closed when the links of a stream of which nothing has come have to go
}

// New is a stream without a link.
func New(c Config) *Stream {
	most := max(1, min(wire1.MaxLinks, c.Buffers))
	return &Stream{cfg: c, most: most, ahead: max(1, min(aheadMost, c.Buffers/most)), links: make(map[*Link]bool), sites: make(map[string]bool), out: make(chan struct{})}
}

// errCrowd is why a connection is refused.
var errCrowd = fmt.Errorf("a connection beyond the %d that a sender of version 1 has", wire1.MaxLinks)

// Enter makes a connection a link. It must be called before the peer is answered, because from then on it may have a leg. Serve or Leave
// follows.
func (s *Stream) Enter(c net.Conn) (*Link, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.done && s.owned:
		return nil, errSpent
	case s.done:
		return nil, errTurnedOut
	case len(s.links) >= s.most:
		return nil, errCrowd
	}
	k := &Link{s: s, c: c, site: siteOf(c.RemoteAddr()), idle: true, turn: make(chan struct{}, 1), free: make(chan struct{}, s.ahead)}
	for range s.ahead {
		k.free <- struct{}{}
	}
	s.links[k] = true
	return k, nil
}

// TurnOut ends all links of a stream of which nothing has come, because another sender waits.
func (s *Stream) TurnOut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.turnOut()
}

// turnOut is TurnOut, under mu.
func (s *Stream) turnOut() {
	if s.owned || s.done {
		return
	}
	s.done = true
	close(s.out)
	for k := range s.links {
		k.c.Close()
	}
}

// leave forgets a link. lost: what it was bringing, or might have had on its way, will not come.
func (s *Stream) leave(k *Link, lost error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.links, k)
	switch {
	case s.done:
	case !s.owned:
		s.judge()
	case lost != nil && s.ours(k) && (k.brought || k.numbered):
		s.fail(stream.Fail(stream.StatusLost, lost, "a link of version 1 was lost, and nothing on it is sent again: leg %d and what follows are missing", s.next))
	case len(s.links) == 0:
		s.fail(stream.Fail(stream.StatusLost, nil, "the sender is gone before the end of the stream: leg %d and what follows are missing", s.next))
	default:
		s.judge()
	}
}

// fail ends the stream. Under mu.
func (s *Stream) fail(err *stream.Error) {
	if !s.done {
		s.done = true
		s.cfg.Host.Fail(err)
	}
}

// Why a packet is not taken. A stranger's costs its connection; one of the sender's own costs the stream.
var (
	errOrder = errors.New("a leg whose number is not above the one before it on its connection")
	errFar   = errors.New("a leg of an impossible number")
	errTwice = errors.New("a leg that has already come: two senders of version 1 at a time cannot be told apart")
	errAfter = errors.New("a packet after the end of the stream")
	errEnd   = errors.New("an end that does not fit the legs that came")
)

// takes decides on the header of the next packet of a link.
func (s *Stream) takes(k *Link, p wire1.Packet) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.fault(k, p)
	if err != nil {
		return s.blame(k, err)
	}
	if p.Opcode == wire1.Leg {
		k.idle, k.front, k.numbered = false, p.Number, true
		s.judge()
		return nil
	}
	if p.Number == 0 && !s.own() {
		return errEnd
	}
	s.ended, s.total = true, p.Number
	k.idle, k.brought = false, true
	s.conclude()
	s.judge()
	return nil
}

// fault is what is wrong with a packet; nil: nothing. Under mu.
func (s *Stream) fault(k *Link, p wire1.Packet) error {
	switch {
	case p.Opcode == wire1.End && (s.ended || p.Number < s.next || s.beyond(p.Number)):
		return errEnd
	case p.Opcode == wire1.End:
		return nil
	case s.ended && p.Number >= s.total:
		return errAfter
	case p.Number < s.next || s.held(p.Number):
		return errTwice
	case k.numbered && p.Number <= k.front:
		return errOrder
	case p.Number-s.next >= farMost:
		return errFar
	}
	return nil
}

// beyond reports whether a link has a leg of at least that number. Under mu.
func (s *Stream) beyond(n uint64) bool {
	for k := range s.links {
		if !k.idle && k.numbered && k.front >= n {
			return true
		}
	}
	return false
}

// held reports whether a link has that leg. Under mu.
func (s *Stream) held(n uint64) bool {
	for k := range s.links {
		if !k.idle && k.numbered && k.front == n {
			return true
		}
	}
	return false
}

// blame decides whom a fault costs: a connection that has brought nothing, from a host of which no other has, is a stranger's. Else
// some of what was delivered may be another sender's, or damaged: the stream fails. Under mu.
func (s *Stream) blame(k *Link, err error) error {
	if s.ours(k) {
		s.fail(stream.Fail(stream.StatusIntegrity, err, "the stream of version 1 is damaged"))
	}
	return err
}

// ours reports whether a link, or another one from its host, has brought some of a stream that is the receiver's own. Under mu.
func (s *Stream) ours(k *Link) bool { return s.owned && s.sites[k.site] }

// own makes the stream the receiver's own; false: it cannot be. Under mu.
func (s *Stream) own() bool {
	if !s.owned && !s.done {
		s.owned = s.cfg.Host.Own()
	}
	return s.owned && !s.done
}

// mine reports whether it is the turn of a link's leg.
func (s *Stream) mine(k *Link) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return k.front == s.next && !s.done
}

// open begins to hand on a leg whose turn it is, of which these are the first bytes. An error is told to the user, or was.
func (s *Stream) open(k *Link, p wire1.Packet, first []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	sum, known := s.sums.Next(first, int(p.Size))
	said := uint32(p.Checksum)
	if known && said != sum && (said != 0 || s.summed) {
		err := fmt.Errorf("leg %d has checksum %08x, %08x was announced", p.Number, sum, said)
		if s.owned {
			s.fail(stream.Fail(stream.StatusIntegrity, err, "the stream is damaged"))
		}
		return err
	}
	if !s.own() {
		return errors.New("the receiver has another stream")
	}
	if known && p.Number == 0 {
		s.cfg.Host.Checked(said != 0)
	}
	k.brought, s.sites[k.site] = true, true
	s.summed = s.summed || said != 0
	s.sums.Took(said)
	return nil
}

// shut ends a leg, of which everything is handed on.
func (s *Stream) shut(k *Link) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k.idle = true
	s.next++
	for o := range s.links {
		if !o.idle && o.front == s.next {
			o.wake()
		}
	}
	s.conclude()
	s.judge()
}

// conclude ends the stream if all of it is handed on. Under mu.
func (s *Stream) conclude() {
	if s.ended && s.next == s.total && !s.done {
		s.done = true
		s.cfg.Host.End()
	}
}

// judge looks whether the missing leg can still come: on a link between two packets, or that is bringing it. A link that brings a later
// leg, or has brought the end, has none before that. If no link can, one may still be on its way here. Under mu.
func (s *Stream) judge() {
	if s.doubt != nil {
		s.doubt.Stop()
		s.doubt = nil
	}
	if s.done || s.hope() {
		return
	}
	missing := s.next
	s.doubt = time.AfterFunc(s.cfg.Patience, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		switch {
		case s.next != missing || s.hope():
		case !s.owned:
			s.turnOut()
		default:
			s.fail(stream.Fail(stream.StatusLost, nil, "leg %d is missing, and no link of the sender can bring it any more: it was lost with one", missing))
		}
	})
}

// hope reports whether some link may bring the missing leg. Under mu.
func (s *Stream) hope() bool {
	for k := range s.links {
		if k.idle || k.numbered && k.front == s.next {
			return true
		}
	}
	return false
}

// siteOf is the host that a connection comes from.
func siteOf(a net.Addr) string {
	if host, _, err := net.SplitHostPort(a.String()); err == nil {
		return host
	}
	return a.String()
}

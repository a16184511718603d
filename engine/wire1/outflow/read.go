package outflow

import (
	"io"
	"sync"

	"viamillipede/engine/wire1"
	"viamillipede/netio"
)

// leg is a leg and the header before it, as they go out. It belongs to the reader, then to the link that takes it, and then to the
// stock again.
type leg struct {
	buf []byte // wire1.HeaderLen bytes, and the payload
	n   int    // bytes of payload
}

// payload is where the payload goes.
func (l *leg) payload() []byte { return l.buf[wire1.HeaderLen:] }

// packet makes it a packet, ready to go out.
func (l *leg) packet(number uint64, sum uint32) {
	p := wire1.Packet{Number: number, Size: uint64(l.n), Checksum: uint64(sum), Opcode: wire1.Leg}
	p.Append(l.buf[:0])
}

// stock has the memory for legs. The one that was used last is used next: it is in the cache.
type stock struct {
	size  int           // of a leg's payload, in bytes
	taken chan struct{} // a token for each leg in use; it bounds them

	mu   sync.Mutex
	free []*leg // guarded by mu
}

func (s *stock) open(size, most int) { s.size, s.taken = size, make(chan struct{}, most) }

// get waits for a leg; nil: over was closed.
func (s *stock) get(over <-chan struct{}) *leg {
	select {
	case s.taken <- struct{}{}:
	case <-over:
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.free)
	if n == 0 {
		return &leg{buf: make([]byte, wire1.HeaderLen+s.size)}
	}
	l := s.free[n-1]
	s.free = s.free[:n-1]
	return l
}

// put gives a leg back.
func (s *stock) put(l *leg) {
	s.mu.Lock()
	s.free = append(s.free, l)
	s.mu.Unlock()
	<-s.taken
}

// keptBack is how much of a leg with a checksum goes into the next one, in bytes: a leg that is shorter has no checksum that both ends would
// agree on, so the last one must not be.
const keptBack = 8

// read makes legs of the source until its end, and gives each to an idle link.
func (s *Sender) read() {
	defer close(s.legs)
	defer s.caught("reading")
	var sums wire1.Chain
	var kept [keptBack]byte
	held := 0
	for end := false; !end; {
		l := s.stock.get(s.out)
		if l == nil {
			return
		}
		l.n = copy(l.payload(), kept[:held])
		var err error
		if end, err = s.fill(l); err != nil {
			s.refuse(err)
			return
		}
		if held = 0; s.cfg.Checksum && !end {
			held = keptBack
			l.n -= held
			copy(kept[:], l.payload()[l.n:])
		}
		if l.n == 0 {
			return // the end
		}
		var sum uint32
		if s.cfg.Checksum {
			var known bool
			if sum, known = sums.Next(l.payload()[:l.n], l.n); !known {
				sum = 0 // a stream of less than 8 bytes: the original's would be that of whatever lies behind them
			}
			sums.Took(sum)
		}
		l.packet(s.numbers.Load(), sum)
		s.numbers.Add(1)
		select {
		case s.legs <- l:
		case <-s.out:
			return
		}
	}
}

// fill reads what there is into a leg, and waits while that is too little; end: there is nothing after it. When the stream is over it
// returns as if that were the end.
func (s *Sender) fill(l *leg) (end bool, err error) {
	least := 1
	if s.cfg.Checksum {
		least = 2 * keptBack
	}
	for l.n < s.stock.size {
		n, err := s.source.Read(l.payload()[l.n:])
		l.n += n
		s.bytes.Add(uint64(n))
		switch {
		case s.over():
			return true, nil
		case err == io.EOF:
			return true, nil
		case err == netio.ErrAgain && l.n >= least:
			return false, nil
		case err == netio.ErrAgain:
			if err := s.vigil.Wait(); err != nil {
				return false, err
			}
		case err != nil:
			return false, err
		}
	}
	return false, nil
}

package sealed

import (
	"sync"

	"viamillipede/engine/seal"
)

// Sizes of what lies between a socket and the clear, in bytes. Larger ones were measured and are slower: they must stay in a core's
// cache, beside the leg.
const (
	recordsPerCall = 8 // sealed for one system call
	outSize        = recordsPerCall*seal.MostRecord + seal.MostExtra
	inSize         = 8*seal.MostRecord + seal.MostRecord
)

// shelf has the buffers that nobody uses, the last one that was used first. A connection has one only while something waits in it, so
// there are seldom more than loops.
type shelf struct {
	mu   sync.Mutex
	free [][]byte // guarded by mu
	size int
}

var (
	outs = shelf{size: outSize}
	ins  = shelf{size: inSize}
)

// shelfMost bounds what is kept, in buffers of a kind.
const shelfMost = 16

func (s *shelf) take() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.free); n > 0 {
		b := s.free[n-1]
		s.free = s.free[:n-1]
		return b
	}
	return make([]byte, s.size)
}

func (s *shelf) giveBack(b []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.free) < shelfMost {
		s.free = append(s.free, b)
	}
}

package engine_test

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/wire"
)

// pulses counts the heartbeats that each connection of an end sends: a thread that is kept where it should not be stops them,
// and nothing else does, however busy the machine is.
type pulses struct {
	mu  sync.Mutex
	all []*pulse // guarded by mu
}

type pulse struct {
	stream.Connection
	beats atomic.Int64
}

func (p *pulse) Send(a, b []byte) (int, error) {
	if len(a) > 0 && wire.Type(a[0]) == wire.TypeBeat {
		p.beats.Add(1)
	}
	return p.Connection.Send(a, b)
}

// of is a network on which they are counted.
func (p *pulses) of(n stream.Transport) stream.Transport {
	return adopting(func(c stream.Connection) stream.Conn {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.all = append(p.all, &pulse{Connection: c})
		return p.all[len(p.all)-1]
	})(n)
}

// manyBeats is several times as many heartbeats as a link may miss.
const manyBeats = 12

// beatOn waits until so many connections have sent many heartbeats from now on, for so long at most.
func (p *pulses) beatOn(links int, atMost time.Duration) bool {
	most := make(map[*pulse]int64)
	for end := time.Now().Add(atMost); time.Now().Before(end); time.Sleep(time.Millisecond) {
		p.mu.Lock()
		all := slices.Clone(p.all)
		p.mu.Unlock()
		beating := 0
		for _, c := range all {
			n := c.beats.Load()
			if _, known := most[c]; !known {
				most[c] = n + manyBeats
			}
			if n >= most[c] {
				beating++
			}
		}
		if beating >= links {
			return true
		}
	}
	return false
}

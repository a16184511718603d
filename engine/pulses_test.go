package engine_test

import (
	"sync"
	"sync/atomic"
	"time"

	"viamillipede/engine"
	"viamillipede/engine/wire"
)

// pulses counts the heartbeats that each connection of an end sends: a thread that is kept where it should not be stops them,
// and nothing else does, however busy the machine is.
type pulses struct {
	mu  sync.Mutex
	all []*pulse // guarded by mu
}

type pulse struct {
	engine.Conn
	beats atomic.Int64
}

func (p *pulse) Send(a, b []byte) (int, error) {
	if len(a) > 0 && wire.Type(a[0]) == wire.TypeBeat {
		p.beats.Add(1)
	}
	return p.Conn.Send(a, b)
}

// of is a network on which they are counted.
func (p *pulses) of(n engine.Transport) engine.Transport {
	return adopting(func(c engine.Conn) engine.Conn {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.all = append(p.all, &pulse{Conn: c})
		return p.all[len(p.all)-1]
	})(n)
}

// manyBeats is several times as many heartbeats as a link may miss.
const manyBeats = 12

// beatOn waits until each connection has sent many heartbeats since the call, for so long at most.
func (p *pulses) beatOn(atMost time.Duration) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	end := time.Now().Add(atMost)
	for _, c := range p.all {
		for most := c.beats.Load() + manyBeats; c.beats.Load() < most; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				return false
			}
		}
	}
	return len(p.all) > 0
}

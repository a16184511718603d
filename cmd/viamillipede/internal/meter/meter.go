package meter

import (
	"time"

	"viamillipede/engine/observe"
)

const (
	// nowOver is the time over which the rate of the moment is measured, and leftOver that for how long the rest will take.
	nowOver  = 2 * time.Second
	leftOver = 15 * time.Second
	// StillAfter is how long nothing has to move until a stream counts as standing still.
	StillAfter = time.Second
	// lastLooks is how many Snapshots have a vote on what a stream waits for that moves.
	lastLooks = 4
)

// View is how a stream stands, in the figures that somebody who waits for it wants.
type View struct {
	Met       bool          // the peer is there, or was
	Comparing bool          // what an earlier run has left is hashed: Bytes and Of count that
	Ended     bool          // it is over
	Bytes     uint64        // of the stream: at a sender, those that the receiver has; at a receiver, those that are written
	Of        uint64        // how many there will be; 0: that is not known
	Now       float64       // bytes a second, of the last seconds; what is not sent does not count
	Average   float64       // since the first link
	Left      time.Duration // until the end; negative: not known
	Paths     int           // of an end that dials, that are on; 0: not known
	PathsUp   int
	Links     int // up
	Lost      uint64
	Waits     Place
	Still     time.Duration // for so long nothing has moved; 0: it moves
}

// Meter has the figures of one end of a stream. It belongs to one goroutine.
type Meter struct {
	heard  *Heard
	begun  time.Time // the first Snapshot
	moved  time.Time // when something was seen to move
	looks  []look    // the latest, oldest first
	votes  [lastLooks]Place
	voted  int
	done   uint64 // of the last look
	hashed int64  // likewise
}

// New makes one that has seen nothing yet of an end of which so much is heard.
func New(h *Heard) *Meter { return &Meter{heard: h} }

// look is what counts of a Snapshot.
type look struct {
	at   time.Time
	sent uint64 // bytes that took the network
}

// Read makes a view of a Snapshot, which is later than those before it.
func (m *Meter) Read(s observe.Snapshot) View {
	sum := s.Summary
	v := View{Ended: s.Ended, Bytes: sum.Bytes, Average: float64(sum.Rate()), Left: -1, Links: linksUp(s.Links), Lost: sum.LinksLost}
	if w := s.Window; w != nil {
		v.Bytes -= min(v.Bytes, uint64(w.Kept))
	}
	for _, p := range s.Paths {
		if !p.Off {
			v.Paths++
		}
		if p.Links > 0 {
			v.PathsUp++
		}
	}
	sized, compared := m.heard.known()
	v.Of, v.Met = sized, sum.Elapsed > 0 || s.Window != nil || s.Ring != nil
	if m.begun.IsZero() {
		m.begun, m.moved = s.Time, s.Time
	}
	if v.Bytes != m.done || compared.Bytes != m.hashed {
		m.moved, m.done, m.hashed = s.Time, v.Bytes, compared.Bytes
	}
	if still := s.Time.Sub(m.moved); still >= StillAfter && !s.Ended {
		v.Still = still
	}
	v.Waits = m.vote(Waits(s), v.Still > 0)
	m.remember(look{s.Time, v.Bytes - min(sum.Unsent, v.Bytes)})
	v.Now = m.rate(nowOver)
	if v.Of > v.Bytes && v.Still == 0 {
		v.Left = duration(float64(v.Of-v.Bytes), m.rate(leftOver))
	}
	if compared.Bytes < compared.Of && sum.Bytes == 0 {
		v.Comparing, v.Bytes, v.Of, v.Left = true, uint64(compared.Bytes), uint64(compared.Of), -1
	}
	return v
}

// vote returns what the stream has waited for most often in the last looks, so that a line for people does not flicker; where it stands
// still, the last look alone counts.
func (m *Meter) vote(p Place, still bool) Place {
	m.votes[m.voted%lastLooks] = p
	m.voted++
	if still {
		return p
	}
	var count [Sink + 1]int
	for _, each := range m.votes[:min(m.voted, lastLooks)] {
		count[each]++
	}
	best := p
	for each, n := range count {
		if n > count[best] {
			best = Place(each)
		}
	}
	return best
}

// remember keeps a look for as long as it counts.
func (m *Meter) remember(l look) {
	m.looks = append(m.looks, l)
	drop := 0
	for drop < len(m.looks)-2 && l.at.Sub(m.looks[drop+1].at) >= leftOver {
		drop++
	}
	m.looks = append(m.looks[:0], m.looks[drop:]...)
}

// rate is bytes a second over the given time until the last look, or over all that is remembered.
func (m *Meter) rate(over time.Duration) float64 {
	last := m.looks[len(m.looks)-1]
	from := m.looks[0]
	for _, l := range m.looks {
		if last.at.Sub(l.at) < over {
			break
		}
		from = l
	}
	took := last.at.Sub(from.at).Seconds()
	if took <= 0 || last.sent < from.sent {
		return 0
	}
	return float64(last.sent-from.sent) / took
}

// duration is how long so many bytes take; negative: that is not known.
func duration(bytes, rate float64) time.Duration {
	const most = 1000 * 24 * time.Hour
	if rate <= 0 || bytes/rate > most.Seconds() {
		return -1
	}
	return time.Duration(bytes / rate * float64(time.Second))
}

package receive

import (
	"slices"
	"time"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/ring"
	"viamillipede/engine/schedule"
	"viamillipede/engine/wire"
	"viamillipede/netio"
)

// rxloop is a loop at the receiving end.
type rxloop struct {
	stream.LinkLoop[*rxlink]
	r     *Receiver
	load  int            // links that it has, and those on their way to it; guarded by Life.Mu
	waste [64 << 10]byte // where payload goes that we already have
	words [wire.MaxBitmap / 8]uint64
	pipe  *netio.Pipe // on the way from a socket to a file; empty between two calls. nil: none was left

	park  carPark
	owed  int       // bytes of legs that came in whole since the last ack
	since time.Time // when the first of them did, or what is delivered became news
	told  ring.Seq  // the leg up to which all is delivered, as the last ack had it
	news  bool      // more is, although no ack is owed for a leg
}

// deliver has the legs written that are in order, and tells the other loops that the sink has moved on.
func (l *rxloop) deliver() {
	defer l.turnCame()
	if l.r.out.Deliver(l.Loop) {
		l.Post(l.deliver)
		return
	}
	l.noteNews()
}

// noteNews has an ack leave soon if more is delivered than the last one said, and none is owed for a leg: the legs may have been
// acknowledged while a call on the sink was stuck, and their sender have no credit left.
func (l *rxloop) noteNews() {
	if l.owed > 0 || l.news || l.r.store.Ring == nil || l.r.store.Ring.Next() == l.told {
		return
	}
	l.news, l.since = true, l.Now
	l.Within(schedule.AckWithin)
}

// Ready handles the sink's readiness, or its consumer's death.
func (l *rxloop) Ready(events uint32) {
	freed, came := l.r.out.Heed(events)
	if !came {
		return
	}
	before := l.r.store.Ring.Next()
	for _, w := range freed {
		w.SinkTakes(l.Loop)
	}
	l.deliver()
	if next := l.r.store.Ring.Next(); next != before && next != l.told {
		l.tellCredit()
	}
}

// endRound ends each round: legs whose turn has come go on, acks that have waited long enough leave, and so do links that are bound
// for another loop.
func (l *rxloop) endRound() (again bool) {
	if again = l.clearPark(); l.Aboard() {
		return again
	}
	l.sendOff()
	if l.owed == 0 && !l.news {
		return again
	}
	if wait := schedule.AckWithin - l.Now.Sub(l.since); wait > 0 {
		l.Within(wait)
		return again
	}
	l.tellCredit()
	return again
}

func (l *rxloop) tick() {
	calm := l.owed == 0 && !l.news && !slices.ContainsFunc(l.Links, (*rxlink).busy)
	l.Look(l.r.time, func(k *rxlink) bool { return k.state.InLeg() }, calm)
	for _, k := range slices.Clone(l.Links) {
		if k.tick(); l.Aboard() {
			return
		}
	}
}

// sayAll says the same on every link.
func (l *rxloop) sayAll(frames []byte) {
	for _, k := range slices.Clone(l.Links) {
		k.say(frames)
	}
}

// Farewell says the last words on every link and signals left when they are all in the sockets, or their links are gone.
func (l *rxloop) Farewell(words []byte, left chan<- struct{}) {
	l.sayAll(words)
	told := slices.Clone(l.Links) // one that comes up later has yet to be
	l.After = func() bool {
		for _, k := range told {
			if k.Gone || len(k.Control) > 0 {
				continue
			}
			if l.r.life.Err != nil {
				k.part()
			}
		}
		if slices.ContainsFunc(told, func(k *rxlink) bool { return !k.Gone && (k.Parting || len(k.Control) > 0) }) {
			return false
		}
		l.After = func() bool { return false }
		left <- struct{}{}
		return false
	}
}

// MakeWay is part of stream.Worker: what a receiver says never waits for a leg.
func (l *rxloop) MakeWay() {}

// HeardOut is part of stream.Worker.
func (l *rxloop) HeardOut() bool {
	return slices.ContainsFunc(l.Links, func(k *rxlink) bool { return k.Parting && !k.forsaken && !k.KeepsWords() })
}

// Forsake is part of stream.Worker: the sender has given the links up, or will, so that nothing which its kernel takes from them now reaches
// it.
func (l *rxloop) Forsake() {
	for _, k := range slices.Clone(l.Links) {
		if k.forsaken = k.Parting; k.path != nil {
			k.lose(stream.ErrStuck) // so that its keeper dials anew
		}
	}
}

// CloseLinks is part of stream.Worker.
func (l *rxloop) CloseLinks() {
	if l.Broken() {
		var conns []stream.Conn
		for _, k := range l.Links {
			conns = append(conns, k.Conn.Conn)
		}
		l.r.life.SpeakFor(l.Loop, conns)
		return
	}
	for _, k := range l.Links {
		k.release()
		k.Conn.Close()
	}
}

// sendOff hands over the links that are bound for another loop and between two legs. It runs at the end of a round, when
// nobody is in the middle of anything with them.
func (l *rxloop) sendOff() {
	for i := 0; i < len(l.Links); {
		k := l.Links[i]
		if !k.departs() || k.Away || !k.move() {
			i++
		}
	}
}

// renewPipe drops what is in the loop's pipe, so that it is not taken for part of another leg.
func (l *rxloop) renewPipe() { l.pipe = l.r.out.Renew(l.pipe) }

// owe notes that so many bytes of legs wait for their ack.
func (l *rxloop) owe(bytes int) {
	if l.owed == 0 {
		l.since = l.Now
		l.Within(schedule.AckWithin)
	}
	l.owed += bytes
}

// tellCredit tells the sender what was received and delivered.
func (l *rxloop) tellCredit() {
	if len(l.Links) == 0 {
		l.owed, l.told, l.news = 0, l.r.store.Ring.Next(), false
		for _, o := range l.r.loops {
			if o != l {
				o.Post(o.ackLatest)
			}
		}
		return
	}
	l.ackLatest()
}

// ackLatest sends an ack on the link that last brought something.
func (l *rxloop) ackLatest() {
	var latest *rxlink
	for _, k := range l.Links {
		if latest == nil || k.Heard.After(latest.Heard) {
			latest = k
		}
	}
	if latest == nil {
		l.owed, l.news = 0, false // the next link's first ack says it all
		return
	}
	if err := latest.acknowledge(); err != nil {
		latest.lose(err)
	}
}

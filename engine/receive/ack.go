package receive

import (
	"viamillipede/engine/observe"
	"viamillipede/engine/schedule"
	"viamillipede/engine/wire"
)

// took counts a leg that came in whole, so that an ack is owed for it.
func (k *rxlink) took() {
	k.owner.owe(int(k.frame.Length))
	k.Legs++
	k.Bytes += uint64(k.frame.Length)
	if observe.Listens(k.r.observer, observe.LevelLegs) {
		l := k.frame.Leg()
		observe.Tell(k.r.observer, observe.LegReceived{Leg: l.Number, Bytes: int(l.Length), Offset: l.Offset, Link: k.Index})
	}
}

// owe notes that so many bytes of legs wait for their ack.
func (l *rxloop) owe(bytes int) {
	if l.owed == 0 {
		l.since = l.Now
		l.Within(schedule.AckWithin)
	}
	l.owed += bytes
}

// acknowledge reports what has been received and delivered so far, on whatever links. If the socket is full the ack stays due: a
// later one says more.
func (k *rxlink) acknowledge() error {
	if err := k.speak(); err != nil || len(k.Control) > 0 {
		return err
	}
	k.owner.owed = 0
	from, n := k.r.ring.Bitmap(k.owner.words[:])
	a := wire.Ack{Received: uint64(from), Bitmap: k.owner.words[:n]}
	a.Delivered = min(uint64(k.r.ring.Next()), a.Received)
	k.Control = a.Append(k.Control)
	return k.speak()
}

// tellCredit tells the sender what was delivered when no leg comes in whose ack would say so.
func (l *rxloop) tellCredit() {
	if len(l.Links) == 0 {
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
		l.owed = 0 // the next link's first ack says it all
		return
	}
	if err := latest.acknowledge(); err != nil {
		latest.lose(err)
	}
}

package send

import (
	"slices"
	"time"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/send/ingest"
	"viamillipede/engine/ways"
)

// txloop is a loop at the sending end: its links, and the dispatcher that feeds them (dispatch.go). The links are in order of rank:
// by path in the user's order, then by index.
type txloop struct {
	stream.LinkLoop[*txlink]
	s    *Sender
	best time.Duration            // how long the best of them takes to bring a leg; see findBest
	idle [stream.MaxThreads]int32 // how many of them are idle, by path, as last told to the other loops
	mark uint32                   // this loop's bit in Sender.hungry
	held uint64                   // a bit for each path that must leave new legs to those before it; see isHeld

	token int32 // of the watch on the source
	pause ingest.Pause

	waits   *txlink   // has bytes in its socket that wait for more; nil: none
	unheard []*txlink // had more to read than their share of the round
	limbo   []*txlink // are gone, but the kernel may still read what they sent
	asides  []*txlink // are gone, but still have their last words to send

	reads bool // files cannot be sent from the page cache here
	piece ingest.Piece
}

// add takes a new link in, by rank.
func (l *txloop) add(k *txlink) {
	at, _ := slices.BinarySearchFunc(l.Links, k, rank)
	l.Links = slices.Insert(l.Links, at, k)
}

// prune has the links forget the legs that are received.
func (l *txloop) prune() {
	for _, k := range l.Links {
		k.Prune()
	}
}

// rank orders links by the user's order of preference.
func rank(a, b *txlink) int {
	if d := a.Path.Order - b.Path.Order; d != 0 {
		return d
	}
	return a.Index - b.Index
}

func (l *txloop) tick() {
	l.clearAsides()
	l.clearLimbo()
	if l.ID == 0 && len(l.Links) > 0 {
		l.s.fleet.SetLegTime(l.s.reach.Links(), l.s.paths())
	}
	l.Look(l.s.time, func(k *txlink) bool { return k.Leg != nil || len(k.Carried) > 0 }, l.calm())
	for _, k := range slices.Clone(l.Links) {
		k.tick()
	}
}

// calm reports whether nothing is on its way, and the source has nothing.
func (l *txloop) calm() bool {
	return !l.s.in.Ended() && len(l.asides)+len(l.limbo) == 0 && !slices.ContainsFunc(l.Links, func(k *txlink) bool {
		return k.busy() || len(k.Carried) > 0 || k.Stalled() || k.Leaving || k.Parting
	})
}

// Farewell says the last words on every link and signals left once they have gone out. The reason for a failure goes out on
// every link, after the leg that is already on its way there. News of success needs only one link, since a slow one may be
// busy with a leg that nobody needs any more.
func (l *txloop) Farewell(words []byte, left chan<- struct{}) {
	for _, k := range slices.Clone(l.Links) {
		k.Parting = true
		k.say(words)
	}
	enough := len(l.Links)
	if l.s.life.Err == nil {
		enough = min(enough, 1)
	}
	l.After = func() bool {
		more := l.hearOn()
		said := len(slices.DeleteFunc(slices.Clone(l.Links), (*txlink).busy))
		if said < min(enough, len(l.Links)) {
			return more
		}
		l.After = func() bool { return false }
		left <- struct{}{}
		return false
	}
}

// quitLegs ends the links that are in the middle of sending a leg from a file. With any, it ends all that are sending a leg,
// or have sent one that is not yet received.
func (l *txloop) quitLegs(any bool) {
	for _, k := range slices.Clone(l.Links) {
		if k.Leg != nil && (any || k.Leg.Filed()) || any && len(k.Carried) > 0 {
			k.lose(stream.ErrUnfinished)
		}
	}
}

// CloseLinks is part of stream.Worker.
func (l *txloop) CloseLinks() {
	if l.Broken() {
		var conns []stream.Conn
		for _, k := range l.Links {
			if k.Leg != nil && k.Sent > 0 {
				k.Conn.Abort() // in the middle of a leg, nothing can be said
				continue
			}
			conns = append(conns, k.Conn.Conn)
		}
		for _, k := range slices.Concat(l.asides, l.limbo) {
			k.Conn.Abort()
		}
		l.s.life.SpeakFor(l.Loop, conns)
		return
	}
	for _, k := range slices.Clone(l.asides) {
		k.endAside(k.busy())
	}
	l.abandonLimbo()
	for _, k := range l.Links {
		if k.busy() {
			k.abandon()
			continue
		}
		k.part()
	}
}

// pace gives the path's links on this loop their share.
func (l *txloop) pace(p *ways.Path) {
	share := p.Share()
	for _, k := range l.Links {
		if k.Path == p {
			k.Conn.Pace(share)
		}
	}
}

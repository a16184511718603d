package engine

import (
	"cmp"
	"fmt"
	"net"
	"strings"
	"time"

	"viamillipede/engine/schedule"
)

// outcry decides when the user is told, whatever the level of verbose, that nothing gets through to the peer:
//
//	no link for less than Timing.Tell           -> nothing: links come and go, and are dialled again at once
//	for Timing.Tell, or no payload moved for    -> it begins
//	TellStuck times as long while it had to
//	the peer came, and has gone for Timing.Tell -> where that it is waited for was all that was told, it begins anew
//	each Timing.TellAgain after that            -> it lasts
//	a link is up for TellSettled, and payload   -> it ends
//	moves where it has to
//	the stream is over                          -> it ends, unless that is a failure, which has a line of its own
//
// The times are those of engine/schedule.
// The zero outcry is ready to use. It belongs to the supervisor, which calls look every now and then.
type outcry struct {
	down  time.Time // no link since then, or since the peer was met; zero: one is up
	met   bool      // the peer, when that was last looked at
	since time.Time // what the user was told: nothing gets through since then
	first bool      // the peer was not met by then
	said  time.Time // when the user was last told; zero: knows nothing
	back  time.Time // since when all is well again; zero: it is not
}

// news is what there is to tell.
type news int

const (
	newsNone news = iota
	newsBegins
	newsLasts
	newsEnds
)

// plight is how the stream stands for links.
type plight struct {
	without bool      // no link is up; at a receiver, none that brought anything
	since   time.Time // see outage.still: nothing got through since then
	met     bool      // the peer was met
	over    bool      // all is delivered, and the sender knows
	failed  bool      // it is over in another way
}

// look takes in how things stand, and says what there is to tell.
func (o *outcry) look(now time.Time, p plight, t schedule.Timing) news {
	switch {
	case p.failed || t.Tell == 0:
		return newsNone
	case p.over:
		return o.well(now, true)
	case !p.without:
		o.down = time.Time{}
	case !p.met:
		o.down = p.since
	case o.down.IsZero() || !o.met:
		o.down = now
	}
	o.met = p.met
	switch told := !o.said.IsZero(); {
	case !p.without && (now.Sub(p.since) < t.Tell || told && o.first):
		return o.well(now, false)
	case !told && !(p.without && now.Sub(o.down) >= t.Tell) && now.Sub(p.since) < schedule.TellStuck*t.Tell:
		return newsNone
	case !told, o.first && p.met && p.without && now.Sub(o.down) >= t.Tell: // the peer has come, and gone before that was said
		o.since, o.first, o.said, o.back = p.since, !p.met, now, time.Time{}
		return newsBegins
	}
	o.back = time.Time{}
	if now.Sub(o.said) < t.TellAgain {
		return newsNone
	}
	o.said = now
	return newsLasts
}

// well takes in that a link is up and nothing stands still, or, where that is the last to be heard, that no link is needed.
func (o *outcry) well(now time.Time, last bool) news {
	if o.said.IsZero() {
		return newsNone
	}
	if o.back.IsZero() {
		o.back = now
	}
	if !last && now.Sub(o.back) < schedule.TellSettled {
		return newsNone
	}
	o.said = time.Time{}
	return newsEnds
}

// took is how long it was that the user was told of, once it has ended.
func (o *outcry) took() string { return forPeople(o.back.Sub(o.since)) }

// lasts says since when there is no link.
func (o *outcry) lasts(now time.Time) string {
	return fmt.Sprintf("since %s (%s ago)", o.since.Format(time.TimeOnly), forPeople(now.Sub(o.since)))
}

// patience says until when the stream waits, and by which keyword; zero is for ever.
func patience(now, until time.Time, keyword string) string {
	if until.IsZero() {
		return "for as long as it takes (" + keyword + " 0)"
	}
	return fmt.Sprintf("for up to %s more (%s)", forPeople(until.Sub(now)), keyword)
}

// cryOut tells the user of a sender to whose receiver nothing gets through.
func (s *Sender) cryOut(now time.Time) {
	s.mu.Lock()
	links := s.up
	p := plight{without: links == 0, since: s.outage.Still(), met: s.outage.Met()}
	p.over, p.failed = s.finished && s.err == nil, s.finished && s.err != nil
	until, keyword := s.outage.Deadline(s.cfg.Dead, s.cfg.Giveup)
	s.mu.Unlock()
	o := &s.outcry
	switch n := o.look(now, p, s.time); {
	case n == newsNone:
	case n == newsEnds && o.first:
		s.log.Printf(LevelError, "the receiver answers, after %s", o.took())
	case n == newsEnds:
		s.log.Printf(LevelError, "a path to the receiver works again, after %s: %s", o.took(), s.working())
	case o.first:
		s.log.Printf(LevelError, "no receiver yet after %s, trying %s: %s",
			forPeople(now.Sub(o.since)), patience(now, s.started.Add(s.cfg.Connect), "connect"), summarize(s.answers()))
	case s.swallowed() != "":
		s.log.Printf(LevelError, "nothing gets through to the receiver %s; waiting %s: %s",
			o.lasts(now), patience(now, until, keyword), s.swallowed())
	case links > 0:
		s.log.Printf(LevelError, "nothing gets through to the receiver %s, on %s; waiting %s",
			o.lasts(now), number(links, "link"), patience(now, until, keyword))
	default:
		s.log.Printf(LevelError, "no path to the receiver works %s; waiting %s: %s",
			o.lasts(now), patience(now, until, keyword), summarize(s.answers()))
	}
}

// working names the paths that have a link.
func (s *Sender) working() string {
	var names []string
	for _, p := range s.paths {
		if up, _, _, _ := p.state(); up > 0 {
			names = append(names, p.String())
		}
	}
	return cmp.Or(strings.Join(names, ", "), "none any more")
}

// cryOut tells the user of a receiver without a link. It may be started long before its sender, so that what it waits for is
// said once.
func (r *Receiver) cryOut(now time.Time) {
	r.mu.Lock()
	useful := r.useful.Load() > 0
	p := plight{without: !useful, since: r.outage.Moved(), met: r.outage.Met()}
	p.over = r.finished && r.err == nil && r.bye.Load()
	p.failed = r.finished && !p.over
	if useful {
		p.since = now // whether payload has to move is for the sender to say
	}
	until, keyword := r.outage.Deadline(r.patience())
	whole := r.met && r.whole()
	r.mu.Unlock()
	o := &r.outcry
	switch n := o.look(now, p, r.time); {
	case n == newsNone || n == newsLasts && o.first:
	case n == newsEnds && o.first:
		r.log.Printf(LevelError, "a sender is here, after %s", o.took())
	case n == newsEnds:
		r.log.Printf(LevelError, "a path from the sender works again, after %s", o.took())
	case o.first && r.cfg.Connect < 0:
		r.log.Printf(LevelError, "waiting for a sender on %s", r.doorName())
	case o.first:
		r.log.Printf(LevelError, "waiting for a sender on %s, %s",
			r.doorName(), patience(now, r.started.Add(r.cfg.Connect), "connect"))
	case r.done.Load() != nil:
		r.log.Printf(LevelError, "everything is written, but no path from the sender works %s to tell it so; waiting for up to %s more",
			o.lasts(now), forPeople(until.Sub(now)))
	case whole:
		r.log.Printf(LevelError, "every byte is here and is being written, but no path from the sender works %s; waiting %s",
			o.lasts(now), patience(now, until, keyword))
	default:
		r.log.Printf(LevelError, "no path from the sender works %s; waiting %s", o.lasts(now), patience(now, until, keyword))
	}
}

// doorName is where a receiver listens, for people.
func (r *Receiver) doorName() string {
	addr := r.openDoor().Listeners()[0].Addr()
	at, ok := addr.(*net.TCPAddr)
	switch {
	case addr == nil: // the kernel had no memory to say
		return fmt.Sprintf("port %d", r.cfg.Port)
	case !ok:
		return addr.String()
	case at.IP.IsUnspecified():
		return fmt.Sprintf("port %d", at.Port)
	}
	return fmt.Sprintf("port %d of %s", at.Port, (&net.IPAddr{IP: at.IP, Zone: at.Zone}).String())
}

// forPeople is a time in at most two units: "0.4 s", "31 s", "4 min 12 s", "3 h 5 min", "2 d 4 h".
func forPeople(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < 0:
		return "0 s"
	case d < 9950*time.Millisecond:
		return strings.Replace(fmt.Sprintf("%.1f s", d.Seconds()), ".0 ", " ", 1)
	case d.Round(time.Second) < time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d.Round(time.Second) < time.Hour:
		return twoUnits(d.Round(time.Second), time.Minute, "min", time.Second, "s")
	case d.Round(time.Minute) < day:
		return twoUnits(d.Round(time.Minute), time.Hour, "h", time.Minute, "min")
	}
	return twoUnits(d.Round(time.Hour), day, "d", time.Hour, "h")
}

// twoUnits is a time in a unit and a smaller one, which is left out where it is 0.
func twoUnits(d, large time.Duration, name string, small time.Duration, smallName string) string {
	text := fmt.Sprintf("%d %s", d/large, name)
	if rest := d % large / small; rest > 0 {
		text += fmt.Sprintf(" %d %s", rest, smallName)
	}
	return text
}

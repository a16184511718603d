package events

import (
	"fmt"
	"io"
	"reflect"
	"strings"
	"sync/atomic"
	"time"
	"unicode"

	"viamillipede/cmd/viamillipede/internal/words"
	"viamillipede/engine/observe"
)

// Side tells of one end of a stream. It is an observe.Observer.
type Side struct {
	to     *Teller
	name   string
	number uint64
	met    atomic.Bool // contact was told; a sender's
}

// Side makes a teller of the end that is called so, "tx" or "rx", of the stream with that number; 0: there is one.
func (t *Teller) Side(name string, number uint64) *Side {
	return &Side{to: t, name: name, number: number}
}

func (s *Side) tell(r record) { s.to.tell(s.name, s.number, r) }

// Say tells what else there is to tell of the end, under a name that stays.
func (s *Side) Say(name, text string) { s.tell(notice{name, text}) }

// Enabled implements observe.Observer: nothing is told of single legs.
func (s *Side) Enabled(level observe.Level) bool { return level <= observe.LevelChoices }

// Observe implements observe.Observer.
func (s *Side) Observe(e observe.Event) {
	switch e := e.(type) {
	case observe.LinkUp:
		if s.name == "tx" && !s.met.Swap(true) {
			s.tell(contact{Peer: e.Path})
		}
	case observe.SenderMet:
		s.tell(contact{Stream: e.Stream.String(), Links: e.Links, Size: e.Size})
	}
	if r := recordOf(e); r != nil {
		s.tell(r)
	}
}

// recordOf is what to tell of an event; nil: nothing.
func recordOf(e observe.Event) record {
	if r := ofLinks(e); r != nil {
		return r
	}
	switch e := e.(type) {
	case observe.Outage:
		return OutageOf(e)
	case observe.Refused:
		return stranger{From: e.From.String(), Reason: why(e.Err), Count: 1}
	case observe.RefusedMore:
		return stranger{Count: e.Total}
	case observe.Compared:
		return compare{e.Bytes, e.Of}
	}
	text := words.Event(e)
	switch {
	case text == "":
		return nil
	case observe.LevelOf(e) >= observe.LevelChoices:
		return choice{kindOf(e), text}
	}
	return notice{kindOf(e), text}
}

// ofLinks is what to tell of an event of a link or a path; nil: it is none.
func ofLinks(e observe.Event) record {
	switch e := e.(type) {
	case observe.LinkUp:
		return link{Link: e.Link, Path: e.Path, State: "up"}
	case observe.LinkDown:
		return link{Link: e.Link, Path: e.Path, State: "down", Reason: why(e.Err), Expected: e.Expected}
	case observe.LinkStalled:
		return link{Link: e.Link, Path: e.Path, State: "stalled", Legs: e.Legs}
	case observe.LinkResumed:
		return link{Link: e.Link, Path: e.Path, State: "resumed"}
	case observe.LinkNotTaken:
		return link{Link: e.Link, Path: e.From, State: "failed", Reason: why(e.Err)}
	case observe.DialFailed:
		return link{Link: e.Link, Path: e.Path, State: "failed", Reason: why(e.Err)}
	case observe.PathUp:
		return path{Path: e.Path, Order: &e.Order, State: "up"}
	case observe.PathDown:
		return path{Path: e.Path, Order: &e.Order, State: "down", Reason: why(e.Err), Expected: e.Expected}
	case observe.PathHelps:
		if e.Helps {
			return path{Path: e.Path, State: "helps"}
		}
		return path{Path: e.Path, State: "rests"}
	}
	return nil
}

// OutageOf is what to tell of an outage. When it ends, nothing limits it any more.
func OutageOf(e observe.Outage) Outage {
	r := Outage{
		Phase: [...]string{"begins", "lasts", "ends"}[e.Phase], First: e.First, Since: stamp(e.Since), Links: e.Links, Reason: why(e.Why),
		Text: words.Event(e),
	}
	if e.Phase != observe.OutageEnds {
		r.Until, r.Limit = stamp(e.Until), string(e.Limit)
	}
	return r
}

// why is an error's text, in one line.
func why(err error) string {
	switch err {
	case nil:
		return ""
	case io.EOF:
		return "closed by the peer's host"
	}
	return strings.Join(strings.Fields(err.Error()), " ")
}

// stamp is a time; "": there is none.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// kindOf is the name of an event's type: "congestion_chosen".
func kindOf(e observe.Event) string {
	var b strings.Builder
	_, name, _ := strings.Cut(fmt.Sprint(reflect.TypeOf(e)), ".")
	for i, r := range name {
		if unicode.IsUpper(r) && i > 0 {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

package ways

import (
	"slices"
	"time"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/observe"
	"viamillipede/engine/wire"
)

// Answers is what the last attempt on each path showed, by the paths' order.
type Answers []answer

// answer is what a path's last attempt to connect showed.
type answer struct {
	path    string
	refused bool // the peer's host answered: nobody there serves this stream
	verdict wire.Verdict
	last    error // nil: it worked, or was not tried yet
}

// denied reports whether a receiver answered that it will not have us; final, that it will not have us later either, and that no other
// address of the path may still let us in.
func (a answer) denied() bool { return a.last != nil && denies(a.verdict) }
func (a answer) final() bool  { return a.denied() && a.refused && !passes(a.verdict) }

// FirstContact returns the error that must end an end which never met its peer, or nil; peer names that for people.
func (all Answers) FirstContact(peer string, waited, connect time.Duration) *stream.Error {
	late := waited >= connect
	if all.Final() || late && slices.ContainsFunc(all, answer.denied) {
		return stream.Fail(stream.StatusRefused, nil, "%v", all.Unreachable())
	}
	if late {
		return stream.Fail(stream.StatusConnect, all.Unreachable(), "no %s within %v", peer, connect)
	}
	return nil
}

// Final reports whether a receiver answered on every path that it will not have us, and no other address may still let us in.
func (all Answers) Final() bool {
	return !slices.ContainsFunc(all, func(a answer) bool { return !a.final() })
}

// Unreachable says for each path how its last attempt went.
func (all Answers) Unreachable() observe.Unreachable {
	why := make(observe.Unreachable, len(all))
	for i, a := range all {
		why[i] = observe.PathAnswer{Path: a.path, Err: a.last}
	}
	return why
}

// denies reports whether a receiver that answers so will not have us.
func denies(v wire.Verdict) bool {
	return v == wire.VerdictPhrase || v == wire.VerdictVersion || v == wire.VerdictBusy || v == wire.VerdictMeasures || v == wire.VerdictRole || v == wire.VerdictKey ||
		v == wire.VerdictChain || passes(v)
}

// passes reports whether a receiver that answers so may have us later.
func passes(v wire.Verdict) bool { return v == wire.VerdictTurn || v == wire.VerdictEnds }

// Answers is what the last attempt on each path showed.
func (d *Dialer) Answers() Answers {
	all := make(Answers, 0, len(d.paths))
	for _, p := range d.paths {
		if !p.Off() {
			all = append(all, p.answer())
		}
	}
	return all
}

// answer is what the last attempt on the path showed.
func (p *Path) answer() answer {
	p.mu.Lock()
	a := answer{p.String(), p.refused, p.verdict, p.last}
	p.mu.Unlock()
	if a.last == nil && p.names.unknown() {
		a.last = errSlowName
	}
	return a
}

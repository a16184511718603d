package engine

import (
	"slices"
	"time"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/observe"
	"viamillipede/engine/wire"
)

// answers is what the last attempt on each path showed, by the paths' order.
type answers []answer

// answer is what a path's last attempt to connect showed.
type answer struct {
	path    string
	refused bool // the peer's host answered: nobody there serves this stream
	verdict wire.Verdict
	last    error // nil: it worked, or was not tried yet
}

// denied reports whether a receiver answered that it will not have us; final, that no other address of the path may still let us in.
func (a answer) denied() bool { return a.last != nil && denies(a.verdict) }
func (a answer) final() bool  { return a.denied() && a.refused }

// firstContact returns the error that must end a sender which never met its receiver, or nil.
func (all answers) firstContact(waited, connect time.Duration) *stream.Error {
	late := waited >= connect
	if all.final() || late && slices.ContainsFunc(all, answer.denied) {
		return stream.Fail(stream.StatusRefused, nil, "%v", all.unreachable())
	}
	if late {
		return stream.Fail(stream.StatusConnect, all.unreachable(), "no receiver within %v", connect)
	}
	return nil
}

// final reports whether a receiver answered on every path that it will not have us, and no other address may still let us in.
func (all answers) final() bool {
	return !slices.ContainsFunc(all, func(a answer) bool { return !a.final() })
}

// unreachable says for each path how its last attempt went.
func (all answers) unreachable() observe.Unreachable {
	why := make(observe.Unreachable, len(all))
	for i, a := range all {
		why[i] = observe.PathAnswer{Path: a.path, Err: a.last}
	}
	return why
}

// denies reports whether a receiver that answers so will not have us.
func denies(v wire.Verdict) bool {
	return v == wire.VerdictPhrase || v == wire.VerdictVersion || v == wire.VerdictBusy || v == wire.VerdictMeasures
}

// answers is what the last attempt on each path showed.
func (d *dialer) answers() answers {
	all := make(answers, 0, len(d.paths))
	for _, p := range d.paths {
		all = append(all, p.answer())
	}
	return all
}

// answer is what the last attempt on the path showed.
func (p *pathState) answer() answer {
	p.mu.Lock()
	a := answer{p.String(), p.refused, p.verdict, p.last}
	p.mu.Unlock()
	if a.last == nil && p.names.unknown() {
		a.last = errSlowName
	}
	return a
}

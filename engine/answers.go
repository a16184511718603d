package engine

import (
	"time"

	"viamillipede/engine/observe"
	"viamillipede/engine/wire"
)

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
func firstContact(answers []answer, waited, connect time.Duration) *Error {
	late := waited >= connect
	if every(answers, answer.final) || late && some(answers, answer.denied) {
		return fail(StatusRefused, nil, "%v", summarize(answers))
	}
	if late {
		return fail(StatusConnect, summarize(answers), "no receiver within %v", connect)
	}
	return nil
}

func every(answers []answer, is func(answer) bool) bool {
	for _, a := range answers {
		if !is(a) {
			return false
		}
	}
	return true
}

func some(answers []answer, is func(answer) bool) bool {
	return !every(answers, func(a answer) bool { return !is(a) })
}

// summarize says for each path how its last attempt went.
func summarize(answers []answer) observe.Unreachable {
	all := make(observe.Unreachable, len(answers))
	for i, a := range answers {
		all[i] = observe.PathAnswer{Path: a.path, Err: a.last}
	}
	return all
}

// denies reports whether a receiver that answers so will not have us.
func denies(v wire.Verdict) bool {
	return v == wire.VerdictPhrase || v == wire.VerdictVersion || v == wire.VerdictBusy || v == wire.VerdictMeasures
}

// answers is what the last attempt on each path showed.
func (d *dialer) answers() []answer {
	answers := make([]answer, 0, len(d.paths))
	for _, p := range d.paths {
		_, refused, verdict, last := p.state()
		if last == nil && p.names.unknown() {
			last = errSlowName
		}
		answers = append(answers, answer{p.String(), refused, verdict, last})
	}
	return answers
}

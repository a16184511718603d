package engine

import (
	"context"
	"errors"
	"time"

	"viamillipede/engine/wire"
	"viamillipede/netio"
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
func summarize(answers []answer) Unreachable {
	all := make(Unreachable, len(answers))
	for i, a := range answers {
		all[i] = PathAnswer{a.path, a.last}
	}
	return all
}

// stopped is the error of a stream whose context has ended.
func stopped(ctx context.Context) *Error {
	if e, ok := errors.AsType[*Error](context.Cause(ctx)); ok {
		return e
	}
	return fail(StatusInterrupt, context.Cause(ctx), "stopped")
}

// faultOf is what the peer is told about an error.
func faultOf(err error) wire.Fault {
	return wire.Fault{Status: uint16(ExitStatus(err)), Text: err.Error()}
}

// remoteError is the error at this end for the failure that the peer reported. An integrity failure is one at both ends; whatever
// else happened there is a failed remote pipe here.
func remoteError(who string, f wire.Fault) *Error {
	status := StatusRemotePipe
	if Status(f.Status) == StatusIntegrity {
		status = StatusIntegrity
	}
	return fail(status, nil, "the %s failed: %s", who, f.Text)
}

// traceTo reports every system call on the data path.
func traceTo(to Observer) netio.Tracer {
	return func(call string, fd, n int, err error) { tell(to, Call{Name: call, FD: fd, N: n, Err: err}) }
}

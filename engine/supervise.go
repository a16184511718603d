package engine

import (
	"context"
	"errors"

	"viamillipede/engine/observe"
	"viamillipede/engine/wire"
	"viamillipede/netio"
)

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
func traceTo(to observe.Observer) netio.Tracer {
	return func(call string, fd, n int, err error) {
		observe.Tell(to, observe.Call{Name: call, FD: fd, N: n, Err: err})
	}
}

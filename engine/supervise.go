package engine

import (
	"context"
	"errors"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/observe"
	"viamillipede/engine/wire"
	"viamillipede/netio"
)

// stopped is the error of a stream whose context has ended.
func stopped(ctx context.Context) *stream.Error {
	if e, ok := errors.AsType[*stream.Error](context.Cause(ctx)); ok {
		return e
	}
	return stream.Fail(stream.StatusInterrupt, context.Cause(ctx), "stopped")
}

// faultOf is what the peer is told about an error.
func faultOf(err error) wire.Fault {
	return wire.Fault{Status: uint16(stream.ExitStatus(err)), Text: err.Error()}
}

// remoteError is the error at this end for the failure that the peer reported. An integrity failure is one at both ends; whatever
// else happened there is a failed remote pipe here.
func remoteError(who string, f wire.Fault) *stream.Error {
	status := stream.StatusRemotePipe
	if stream.Status(f.Status) == stream.StatusIntegrity {
		status = stream.StatusIntegrity
	}
	return stream.Fail(status, nil, "the %s failed: %s", who, f.Text)
}

// traceTo reports every system call on the data path.
func traceTo(to observe.Observer) netio.Tracer {
	return func(call string, fd, n int, err error) {
		observe.Tell(to, observe.Call{Name: call, FD: fd, N: n, Err: err})
	}
}

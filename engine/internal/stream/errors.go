package stream

import (
	"errors"
	"fmt"
)

// Status is the exit status of the program and, in an error frame, the reason that one end gives the other.
type Status int

// The documented exit statuses.
const (
	StatusDone       Status = 0
	StatusUsage      Status = 1
	StatusConnect    Status = 2 // no first contact
	StatusRefused    Status = 3 // phrase, version or busy
	StatusIntegrity  Status = 4
	StatusLost       Status = 5 // all paths lost for longer than giveup, or the peer is dead
	StatusLocalPipe  Status = 6
	StatusRemotePipe Status = 7
	StatusInternal   Status = 8 // a fault in the program, or of the machine where none was expected
	StatusInterrupt  Status = 130
	StatusTerminated Status = 143
)

// Error is why a stream failed: one line for the user and the exit status that goes with it.
type Error struct {
	Status Status
	Reason string
	Err    error // cause, or nil
}

func (e *Error) Error() string {
	if e.Err != nil {
		return e.Reason + ": " + e.Err.Error()
	}
	return e.Reason
}

func (e *Error) Unwrap() error { return e.Err }

// ExitStatus returns the exit status for what Send or Receive returned.
func ExitStatus(err error) Status {
	if err == nil {
		return StatusDone
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Status
	}
	return StatusUsage
}

// Fail makes the error of a stream; a cause may be nil.
func Fail(status Status, cause error, format string, args ...any) *Error {
	return &Error{Status: status, Reason: fmt.Sprintf(format, args...), Err: cause}
}

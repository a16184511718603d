package stream

import (
	"errors"
	"net"
)

// Cause is the part of a network error that is worth telling. The addresses are the user's own, and a port that changes with
// every attempt would make each of them news.
func Cause(err error) error {
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Err != nil {
		return op.Err
	}
	if name, ok := errors.AsType[*net.DNSError](err); ok {
		return nameError(name)
	}
	return err
}

// nameError is the part of a failed lookup's error that is worth telling: the name is the path's, and the user's own.
func nameError(e *net.DNSError) error {
	if e.IsNotFound {
		return errors.New("no such host")
	}
	return errors.New("lookup: " + e.Err)
}

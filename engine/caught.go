package engine

import "viamillipede/engine/internal/stream"

// caught is for the sender's goroutines to defer.
func (s *Sender) caught(where string) {
	if p := recover(); p != nil {
		s.fail(stream.Faulted(where, p, s.observer))
	}
}

// caught is for the receiver's goroutines to defer.
func (r *Receiver) caught(where string) {
	if p := recover(); p != nil {
		r.fail(stream.Faulted(where, p, r.observer))
	}
}

package engine

import (
	"viamillipede/engine/receive"
	"viamillipede/engine/send"
)

// The two ends of a stream. One of them has paths, and dials; the other listens.
type (
	Sender   = send.Sender      // reads the source
	Receiver = receive.Receiver // writes the sink
)

// NewSender checks the configuration, opens the source and, unless there are paths to dial, listens; nobody is met before Run, which the
// caller calls once.
func NewSender(c SendConfig) (*Sender, error) { return send.New(c.Setup(), nil) }

// NewSenderBeside is NewSender for a sender that is called where r listens, whose stream is another one. c.Port and c.Bind mean nothing.
// Both have to Run.
func NewSenderBeside(c SendConfig, r *Receiver) (*Sender, error) {
	return send.New(c.Setup(), r.Doors())
}

// NewReceiver checks the configuration, opens the sink and, unless there are paths to dial, listens; nobody is admitted before Run, which
// the caller calls once.
func NewReceiver(c ReceiveConfig) (*Receiver, error) { return receive.New(c.Setup()) }

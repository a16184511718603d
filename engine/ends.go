package engine

import (
	"viamillipede/engine/receive"
	"viamillipede/engine/send"
)

// The two ends of a stream.
type (
	Sender   = send.Sender      // reads the source, and dials
	Receiver = receive.Receiver // listens, and writes the sink
)

// NewSender checks the configuration and opens the source; nothing is opened on the network before Run, which the caller calls once.
func NewSender(c SendConfig) (*Sender, error) { return send.New(c.Setup()) }

// NewReceiver checks the configuration, opens the sink and listens; nobody is admitted before Run, which the caller calls
// once.
func NewReceiver(c ReceiveConfig) (*Receiver, error) { return receive.New(c.Setup()) }

package engine

import "viamillipede/engine/receive"

// Receiver is one stream's receiving end.
type Receiver = receive.Receiver

// NewReceiver checks the configuration, opens the sink and listens; nobody is admitted before Run, which the caller calls
// once.
func NewReceiver(c ReceiveConfig) (*Receiver, error) { return receive.New(c.Setup()) }

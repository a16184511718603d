package engine

import "viamillipede/engine/send"

// Sender is one stream's sending end.
type Sender = send.Sender

// NewSender checks the configuration and opens the source; nothing is opened on the network before Run, which the caller calls once.
func NewSender(c SendConfig) (*Sender, error) { return send.New(c.Setup()) }

// Package rig makes the ends of a stream with hooks, which no user of the program sets: other clocks, connections that are no network,
// a stream that is made up and ends by time. It is for tests, and for the commands that measure.
package rig

import (
	"viamillipede/engine"
	"viamillipede/engine/internal/stream"
	"viamillipede/engine/receive"
	"viamillipede/engine/send"
)

// What an end is told.
type (
	Hooks         = stream.Hooks        // what no user sets
	Setup         = stream.Setup        // with what a user sets
	SendConfig    = stream.SendSetup    // of a sender
	ReceiveConfig = stream.ReceiveSetup // of a receiver
)

// NewSender is engine.NewSender with hooks.
func NewSender(c SendConfig) (*engine.Sender, error) { return send.New(c, nil) }

// NewSenderBeside is engine.NewSenderBeside with hooks.
func NewSenderBeside(c SendConfig, r *engine.Receiver) (*engine.Sender, error) {
	return send.New(c, r.Doors())
}

// NewReceiver is engine.NewReceiver with hooks.
func NewReceiver(c ReceiveConfig) (*engine.Receiver, error) { return receive.New(c) }

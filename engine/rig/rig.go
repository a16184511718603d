// Package rig makes the ends of a stream with hooks, which no user of the program sets: other clocks, connections that are no network,
// a stream that is made up and ends by time. It is for tests, and for the commands that measure.
package rig

import (
	"viamillipede/engine"
	"viamillipede/engine/house"
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
	HouseConfig   = house.Config        // of an end that stays
)

// NewSender is engine.NewSender with hooks.
func NewSender(c SendConfig) (*engine.Sender, error) { return send.New(c, nil) }

// NewSenderBeside is engine.NewSenderBeside with hooks.
func NewSenderBeside(c SendConfig, r *engine.Receiver) (*engine.Sender, error) {
	return send.New(c, r.Doors())
}

// NewHouse is engine.NewHouse with hooks.
func NewHouse(c HouseConfig) (*engine.House, error) { return house.New(c) }

// NewSenderIn is engine.NewSenderIn with hooks.
func NewSenderIn(r *engine.Room, c SendConfig) (*engine.Sender, error) { return send.New(c, r) }

// NewReceiverIn is engine.NewReceiverIn with hooks.
func NewReceiverIn(r *engine.Room, c ReceiveConfig) (*engine.Receiver, error) {
	return receive.New(c, r)
}

// NewReceiver is engine.NewReceiver with hooks.
func NewReceiver(c ReceiveConfig) (*engine.Receiver, error) { return receive.New(c, nil) }

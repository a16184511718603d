package engine

import (
	"viamillipede/engine/house"
	"viamillipede/engine/receive"
	"viamillipede/engine/send"
	"viamillipede/engine/wire1/outflow"
)

// The two ends of a stream. One of them has paths, and dials; the other listens.
type (
	Sender   = send.Sender      // reads the source
	Receiver = receive.Receiver // writes the sink

	FirstSender = outflow.Sender // reads the source, and speaks version 1 of the wire
)

// An end that listens and stays: it serves many peers at one port.
type (
	House = house.House
	Room  = house.Room // what such an end has for each peer
)

// ErrLeft is why the ends of a peer end that went away before its stream began.
var ErrLeft error = house.ErrLeft

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
func NewReceiver(c ReceiveConfig) (*Receiver, error) { return receive.New(c.Setup(), nil) }

// NewHouse checks the configuration and listens; nobody is let in before Run, which the caller calls once, or else Close.
func NewHouse(c HouseConfig) (*House, error) { return house.New(c.setup()) }

// NewReceiverIn is NewReceiver for the peer that has a room; paths, port and bind mean nothing. It has to Run.
func NewReceiverIn(r *Room, c ReceiveConfig) (*Receiver, error) { return receive.New(c.Setup(), r) }

// NewSenderIn is NewSender for the peer that has a room, likewise.
func NewSenderIn(r *Room, c SendConfig) (*Sender, error) { return send.New(c.Setup(), r) }

// NewFirstSender is NewSender for a sender that speaks version 1 of the wire. It dials; of the options it knows threads (up to 16),
// window, leg, checksum, phrase, giveup while it has something to send, connect, bind and congestion.
func NewFirstSender(c SendConfig) (*FirstSender, error) { return outflow.New(c.Setup()) }

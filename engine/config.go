package engine

import (
	"context"

	"viamillipede/engine/house"
	"viamillipede/engine/internal/stream"
	"viamillipede/engine/observe"
	"viamillipede/engine/parties"
)

// What a user sets.
type (
	Options       = stream.Options       // of both ends
	SendConfig    = stream.SendConfig    // of a sender
	ReceiveConfig = stream.ReceiveConfig // of a receiver
	Path          = stream.Path          // to a receiver
	SinkFile      = stream.SinkFile      // of a receiver, more about a file
	Producer      = parties.Producer     // who writes the source
	Consumer      = parties.Consumer     // who reads the sink
	Screen        = parties.Screen       // the terminal that the source is
	Exiting       = parties.Exiting      // a producer of which that may be
	Screened      = parties.Screened     // a consumer with a terminal
	Exited        = parties.Exited       // how a producer ended that has written all of its stream
	Opener        = parties.Opener       // either of them, where the source or the sink cannot be used from the start
	Origin        = parties.Origin       // of what a consumer is to read
	Via           = stream.Via           // by which a path leaves
	Means         = stream.Means         // what the machine lets an end use
)

// HouseConfig describes an end that listens and stays; see house.Config.
type HouseConfig struct {
	Options
	Port     uint16
	Most     int
	Receives bool
	Sends    bool
	Observer observe.Observer
	Open     func(r *Room) (run func(ctx context.Context), err error)
}

// setup is the configuration without hooks.
func (c HouseConfig) setup() house.Config {
	return house.Config{
		Setup: stream.Setup{Options: c.Options}, Port: c.Port, Most: c.Most, Receives: c.Receives, Sends: c.Sends, Observer: c.Observer, Open: c.Open,
	}
}

// Limits and defaults of the command line.
const (
	MaxThreads     = stream.MaxThreads
	DefaultThreads = stream.DefaultThreads
	DefaultPort    = stream.DefaultPort
	DefaultWindow  = stream.DefaultWindow
	MinWindow      = stream.MinWindow
	MaxWindow      = stream.MaxWindow
	DefaultLeg     = stream.DefaultLeg
	MinLeg         = stream.MinLeg
	MaxLeg         = stream.MaxLeg
	DefaultGiveup  = stream.DefaultGiveup
	DefaultDead    = stream.DefaultDead
	DefaultConnect = stream.DefaultConnect
)

// TooFewFiles is why an end, or the program, does not start with so many descriptors left.
func TooFewFiles(left, least int) error { return stream.TooFewFiles(left, least) }

// Error is why a stream failed.
type Error = stream.Error

// Status is the exit status that goes with it.
type Status = stream.Status

// The documented exit statuses.
const (
	StatusDone       = stream.StatusDone
	StatusUsage      = stream.StatusUsage
	StatusConnect    = stream.StatusConnect
	StatusRefused    = stream.StatusRefused
	StatusIntegrity  = stream.StatusIntegrity
	StatusLost       = stream.StatusLost
	StatusLocalPipe  = stream.StatusLocalPipe
	StatusRemotePipe = stream.StatusRemotePipe
	StatusInternal   = stream.StatusInternal
	StatusInterrupt  = stream.StatusInterrupt
	StatusTerminated = stream.StatusTerminated
)

// ExitStatus is the exit status for what Run returned.
func ExitStatus(err error) Status { return stream.ExitStatus(err) }

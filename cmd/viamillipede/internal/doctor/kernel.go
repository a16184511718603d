package doctor

import (
	"net"
	"time"

	"viamillipede/affinity"
	"viamillipede/netio/ethtool"
	"viamillipede/netio/probe"
)

// Kernel answers what no file shows. Asking changes nothing.
type Kernel interface {
	Allowed() ([]int, error)                     // CPUs of this process
	Pipe(want int) (size int, err error)         // probe.Pipe
	Moves(way probe.Way) (bool, error)           // probe.Moves
	Provenance() (cost time.Duration, err error) // probe.Provenance
	Program(kind string) error                   // probe.Program
	ZeroCopy() error                             // probe.ZeroCopy
	LockedMemory() (uint64, error)               // probe.LockedMemory
	OpenFiles() (uint64, error)                  // probe.OpenFiles

	Device(name string) (*net.Interface, error) // of this network namespace
	Link(device string) (ethtool.Link, error)
	Channels(device string) (ethtool.Channels, error)
	Rings(device string) (ethtool.Rings, error)
	Features(device string) (ethtool.Features, error)
	RSS(device string) (ethtool.RSS, error)
}

// This is the kernel that the program runs on.
var This Kernel = thisKernel{}

type thisKernel struct{}

func (thisKernel) Allowed() ([]int, error)                     { return affinity.Allowed() }
func (thisKernel) Pipe(want int) (int, error)                  { return probe.Pipe(want) }
func (thisKernel) Moves(way probe.Way) (bool, error)           { return probe.Moves(way) }
func (thisKernel) Provenance() (time.Duration, error)          { return probe.Provenance() }
func (thisKernel) Program(kind string) error                   { return probe.Program(kind) }
func (thisKernel) ZeroCopy() error                             { return probe.ZeroCopy() }
func (thisKernel) LockedMemory() (uint64, error)               { return probe.LockedMemory() }
func (thisKernel) OpenFiles() (uint64, error)                  { return probe.OpenFiles() }
func (thisKernel) Device(d string) (*net.Interface, error)     { return net.InterfaceByName(d) }
func (thisKernel) Link(d string) (ethtool.Link, error)         { return ethtool.ReadLink(d) }
func (thisKernel) Channels(d string) (ethtool.Channels, error) { return ethtool.ReadChannels(d) }
func (thisKernel) Rings(d string) (ethtool.Rings, error)       { return ethtool.ReadRings(d) }
func (thisKernel) Features(d string) (ethtool.Features, error) { return ethtool.ReadFeatures(d) }
func (thisKernel) RSS(d string) (ethtool.RSS, error)           { return ethtool.ReadRSS(d) }

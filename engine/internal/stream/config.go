package stream

import (
	"cmp"
	"net/netip"
	"os"
	"slices"
	"time"

	"viamillipede/affinity"
	"viamillipede/engine/observe"
	"viamillipede/engine/parties"
	"viamillipede/engine/schedule"
	"viamillipede/engine/seal"
	"viamillipede/engine/sidechain"
	"viamillipede/engine/wire"
	"viamillipede/netio"
	"viamillipede/netio/dial"
)

// Limits and defaults of the command line; every number here is also in the man page.
const (
	MaxThreads     = 64                // links of one stream
	DefaultThreads = 16                //
	AutoThreads    = 32                // the most that Options.Auto uses, unless there are more paths
	DefaultPort    = 8834              // if no port is given anywhere
	DefaultWindow  = 256 << 20         // bytes; see Options.Window
	MinWindow      = 1 << 20           // bytes
	MaxWindow      = 64 << 30          // bytes
	DefaultLeg     = 1 << 20           // bytes, what a pipe holds; measured: less costs system calls
	MinLeg         = schedule.MinLeg   // bytes, the smallest page that a machine has
	MaxLeg         = schedule.MaxLeg   // bytes, the most that the wire format allows
	DefaultGiveup  = schedule.Giveup   // all paths silent for longer: the stream fails
	DefaultDead    = schedule.DeadPeer // a peer that is away for longer is dead; off where giveup is given and dead is not
	DefaultConnect = schedule.Connect  // first contact
)

// Path is one "tx <host>" or "rx <host>" of the command line, with its options. Paths are in the user's order of preference.
type Path struct {
	Host   string // name, IPv4 or IPv6 address (without brackets)
	Port   uint16
	Via    Via
	Rate   uint64 // the most that its links send together, in bytes per second; 0: no limit
	Sports Sports
	// Spill is how long what waits may take the paths before this one until it helps; 0: schedule.DefaultSpill. See
	// schedule.SpillAtOnce and schedule.SpillNever.
	Spill time.Duration
}

// Sports are the source ports of a path's links. A hash of its addresses and ports decides which lane of a LAG, or which of several
// equal routes, a connection takes, so the ports decide how evenly the lanes are filled. The zero Sports leaves them to the kernel.
type Sports struct {
	List     []uint16 // link i of the path has the i-th port; the path has no more links than there are ports
	Balanced bool     // the end that dials finds a list that fills all lanes
}

// Via is where a path's links leave this machine: through a device or from a local address. The zero Via leaves that to the
// routes and to Options.Bind. Neither needs to exist yet: a path whose source does not exist is down.
type Via struct {
	Device string
	Addr   netip.Addr
}

func (v Via) String() string {
	if v.Addr.IsValid() {
		return v.Addr.String()
	}
	return v.Device
}

// Options are the settings that both ends of a stream take. The zero value of a field with a default is replaced by
// that default in Send and Receive.
type Options struct {
	Threads    int             // links, spread over the paths, at least one for each; 1 to MaxThreads
	Auto       bool            // where it dials: as many links as raise the rate, at most AutoThreads, whatever Threads is
	Window     int64           // bytes of payload memory on this side; MinWindow to MaxWindow
	Leg        int             // largest leg in bytes; a multiple of MinLeg, up to MaxLeg
	Checksum   bool            // CRC32C of each leg's payload
	Title      string          // sender only: what its user calls the stream, a valid wire.Title; "": nothing
	Chaos      int             // sender only: abort the current link after every Chaos leg operations; 0: off
	Phrase     [4]byte         // checkphrase; all zero: none
	Early      bool            // receiver only: the consumer may stop before the end, and the stream still succeeds
	Rests      bool            // sender only: its links may rest while nothing is sent (wire.FeatureRest), if the receiver lets them
	Charmode   bool            // a leg for every read of the source: nothing is gathered
	PRBS       bool            // the stream is Seed's test stream (engine/prbs): made by the sender, checked by the receiver
	Seed       uint64          // of PRBS; any number
	Holes      bool            // sender only: holes of a source that is a file are not sent, if the receiver takes them
	Resume     bool            // what the receiver's file has of the stream is not sent, where both ends are files; see SinkFile.Own
	LegLimit   int64           // sender only: the stream ends after so many legs; 0: no limit
	Delay      time.Duration   // sender only: the shortest time between two legs; 0 or more
	Limit      uint64          // sender only: the most that is read for the links, in bytes per second; 0: no limit
	Size       int64           // sender only: how long its user says the stream will be, in bytes, which nobody relies on; 0: not known
	Giveup     time.Duration   // 0 is DefaultGiveup; negative: for ever
	Dead       time.Duration   // a peer that is away for so long is dead; 0 is DefaultDead, negative: off
	Connect    time.Duration   // first contact; 0 is DefaultConnect for an end that dials, for ever for one that listens
	Bind       netip.Addr      // local address; the zero Addr is any
	Congestion string          // "auto", "system" or a name the kernel knows
	IO         string          // "auto", "copy" or "splice"
	CPUs       []int           // loops are pinned to these CPUs, one each; nil: the engine chooses
	Pin        bool            // false: loops are not pinned to CPUs ("cpus off")
	SockStats  bool            // the kernel counts what comes in on the links, and how they fare, if it lets us (eBPF)
	Key        *seal.Key       // links are sealed with it; nil: they are in the clear
	Chain      sidechain.Chain // legs are coded by it; empty: a sender's go as they are, and a receiver has no commands
	Pair       wire.StreamID   // of two ends that dial together, random: a house knows by it that they do; zero: there are no two
	Means      Means           // the zero Means: what the machine has

	Inherited *dial.Inherited // where an end that listens takes links; nil: at sockets of its own
}

// SendConfig describes the sending end.
type SendConfig struct {
	Options
	Paths    []Path           // to the receiver; none: it dials, and the sender listens
	Port     uint16           // to listen on; 0: the kernel chooses one
	Source   int              // file descriptor that the stream is read from; stays open; ignored with PRBS
	Name     string           // of the source, for people; "": standard input
	Producer parties.Producer // nil: nobody is asked
	Screen   parties.Screen   // the terminal that the source is; nil: it is none
	Observer observe.Observer // nil: nobody
}

// ReceiveConfig describes the receiving end.
type ReceiveConfig struct {
	Options
	Paths    []Path           // to the sender; none: it dials, and the receiver listens
	Port     uint16           // to listen on; 0: the kernel chooses one
	Sink     int              // file descriptor that the stream is written to; stays open
	SinkFile                  // more about a sink that is a file
	Consumer parties.Consumer // nil: nobody is asked
	Observer observe.Observer // nil: nobody
}

// SinkFile is what a receiver has to know about a sink that its user has named. The zero SinkFile is for standard output.
type SinkFile struct {
	Name string // for people; "": standard output
	// Own says that nobody else writes to the file: the stream begins at its first byte, whatever is in it, and a stream that fails leaves
	// what has come.
	Own bool
	// Whole is called once the stream is whole in the sink, whose descriptor is closed, and before the sender is told; nil: nobody. An error
	// fails the stream. It may take long.
	Whole func(bytes uint64) error
}

// loopsMost bounds the loops of one end: a bit each in Sender.hungry.
const loopsMost = 32

// check returns an error for what cannot work, before anything is opened.
func (o Options) check() error {
	switch {
	case o.Threads < 1 || o.Threads > MaxThreads:
		return Fail(StatusUsage, nil, "threads %d, expected 1 to %d", o.Threads, MaxThreads)
	case o.Window < MinWindow || o.Window > MaxWindow:
		return Fail(StatusUsage, nil, "window %d, expected %d to %d bytes", o.Window, MinWindow, MaxWindow)
	case int64(o.Leg) > o.Window:
		return Fail(StatusUsage, nil, "a leg of %d bytes does not fit into a window of %d", o.Leg, o.Window)
	case o.Leg < MinLeg || o.Leg > MaxLeg || o.Leg%MinLeg != 0:
		return Fail(StatusUsage, nil, "leg %d, expected a multiple of %d from %d to %d bytes",
			o.Leg, MinLeg, MinLeg, MaxLeg)
	case o.LegLimit < 0:
		return Fail(StatusUsage, nil, "leglimit %d, expected 0 or more", o.LegLimit)
	case o.Delay < 0:
		return Fail(StatusUsage, nil, "a delay of %v, expected 0 or more", o.Delay)
	}
	if err := dial.CheckCongestion(o.Congestion); err != nil {
		return Fail(StatusUsage, nil, "%v", err)
	}
	return o.checkCPUs()
}

// checkCPUs returns an error for a CPU that this process may not run on.
func (o Options) checkCPUs() error {
	allowed, err := affinity.Allowed()
	if err != nil {
		return nil // pinning says what is wrong
	}
	for _, cpu := range o.CPUs {
		if cpu >= 0 && !slices.Contains(allowed, cpu) {
			return Fail(StatusUsage, nil, "cpus %s, expected some of those that this process may run on: %s",
				affinity.FormatList(o.CPUs), affinity.FormatList(allowed))
		}
	}
	return nil
}

// Prover tells which pipes hold nothing that can still change; *provenance.Checker is one, and its comments are the contract.
type Prover interface {
	Written(pipe int) (bytes int, err error)
	Cost() time.Duration
	Close() error
}

// End is which end of a stream something belongs to.
type End int

// The ends.
const (
	Sending End = iota
	Receiving
)

// Loops is how many loops an end gets. It is asked once, when they are made, because the answer follows the cgroup's CPU time,
// which may change at any time.
func (o Options) Loops() int {
	if len(o.CPUs) > 0 {
		return o.atMost(len(o.CPUs))
	}
	return o.atMost(affinity.Loops(usable(), o.Threads))
}

// fewLoops is how many loops a sender has at least, as far as there are CPUs, where no producer needs one of them: its source is a
// file. From a file, a second loop reads legs into memory while the first one sends.
const fewLoops = 2

// Loops is Options.Loops for a sender.
func (c SendSetup) Loops() int {
	loops := c.Options.Loops()
	if c.Helped() {
		return fewLoops
	}
	if len(c.CPUs) > 0 || c.PRBS || c.Blank || !netio.IsFile(c.Source) {
		return loops
	}
	return c.atMost(max(loops, min(fewLoops, usable())))
}

// referLeast is the smallest leg that may go by reference, in bytes.
const referLeast = 64 << 10

// Helped reports whether a sender has a second loop that mostly rests: the source is a pipe, and whether the program that fills it
// needs a CPU is not known before it does.
func (c SendSetup) Helped() bool {
	refers := c.IO == "auto" && c.Leg >= referLeast && !c.Checksum && !c.Charmode && c.Key == nil && c.Chain.IsEmpty() && !c.PRBS && !c.Blank
	return refers && len(c.CPUs) == 0 && c.Options.Loops() == 1 && c.atMost(min(fewLoops, usable())) == fewLoops && netio.IsPipe(c.Source)
}

// atMost is so many loops, or as many as there may be.
func (o Options) atMost(loops int) int {
	most := cmp.Or(o.Means.Loops, loopsMost)
	if files, plenty := o.Means.files(); !plenty {
		most = min(most, max(1, files/filesForLoop))
	}
	return min(loops, o.Threads, most)
}

// usable is how many CPUs this process may use at a time.
func usable() int {
	allowed, err := affinity.Allowed()
	if err != nil {
		return 1
	}
	return min(len(allowed), granted())
}

// LoopCPUs returns the CPU of each loop, -1 for a loop that is not pinned. It is for when nothing is known of the stream's devices.
func (o Options) LoopCPUs(e End, loops int) []int {
	if len(o.CPUs) > 0 {
		return o.CPUs[:loops]
	}
	if allowed, err := affinity.Allowed(); err == nil && len(allowed) > 0 && o.Pin {
		return affinity.InHalves(allowed, e == Receiving, loops, os.Getpid())
	}
	return slices.Repeat([]int{-1}, loops)
}

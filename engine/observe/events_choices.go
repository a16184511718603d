package observe

import (
	"net"
	"time"

	"viamillipede/affinity"
	"viamillipede/bufpool"
	"viamillipede/engine/wire"
	"viamillipede/netio/dial"
	"viamillipede/netio/lane"
)

// Events of choices: which of several possibilities the engine takes, and what it cannot do.

// Placement is where the loops of an end run.
type Placement struct {
	CPUs []int          // of each loop; -1: it is not pinned
	NICs []affinity.NIC // the devices that decided it
}

// SourceOpened is the source of a sender.
type SourceOpened struct {
	Source     string // what kind of file it is
	EnginePath EnginePath
}

// SenderOpened is a sender that is about to dial, or listens.
type SenderOpened struct {
	Addr         net.Addr // where it listens; nil: it dials
	Placement    Placement
	Links, Paths int
	Leg, Window  int64 // bytes at most
	Size         int64 // bytes of the stream, as far as is known now; 0: it is not
}

// ReceiverOpened is a receiver that listens, or is about to dial.
type ReceiverOpened struct {
	Addr       net.Addr // where it listens; nil: it dials
	Links      int      // otherwise so many
	Paths      int      // over so many paths
	Sink       string   // what kind of file it is
	EnginePath EnginePath
	Placement  Placement
}

// LoopsPlaced are loops that have other CPUs than reported before.
type LoopsPlaced struct{ Placement }

// LoopUnpinned is a loop that cannot be bound to its CPU.
type LoopUnpinned struct {
	Loop, CPU int
	Err       error
}

// LoopTakenOver is a loop that another thread goes on with, because its own one waits in the kernel.
type LoopTakenOver struct{ Loop int }

// ThreadStuck is a thread that does not come back from the kernel at the end of the stream: what it holds stays open.
type ThreadStuck struct{}

// ReceiverMet is a receiver that has come to a sender.
type ReceiverMet struct {
	From         string
	Links, Paths int
}

// Compared is how much of its file an end has hashed so far, of what both ends may have (resume): once a second, and at the end.
type Compared struct{ Bytes, Of int64 }

// Resumed is how much a sender does not send, because the receiver has it: of what the receiver had, and of the stream.
type Resumed struct{ Kept, Of, Size int64 }

// SenderMet is the stream of a sender that has come to a receiver, and the memory for it.
type SenderMet struct {
	Stream wire.StreamID
	Links  int
	Leg    int64  // bytes at most
	Credit uint64 // legs
	Size   uint64 // bytes of the stream, as its sender says; 0: it does not know
	Memory bufpool.Advice
	Pages  bufpool.Pages
}

// MemoryAdvised is what the kernel was asked to do for the leg buffers, and the result so far.
type MemoryAdvised struct{ bufpool.Advice }

// MemoryWarmed is the result of asking for huge pages for them.
type MemoryWarmed struct{ bufpool.Pages }

// LegsCopied is why legs from a pipe are copied that could have gone by reference.
type LegsCopied struct{ Err error }

// CoderChosen is what a sidechain that chooses does from now on.
type CoderChosen struct{ Level string }

// LegsReferred means that legs go by reference if they are proven to have been made by write(2).
type LegsReferred struct{ Cost time.Duration } // of one proof

// ProofDenied is why the kernel does not permit the proof, in more detail than LegsCopied has.
type ProofDenied struct{ Err error }

// FileCopied is why a file is read and written, rather than sent from the page cache.
type FileCopied struct{ Err error }

// LinkCopies is a link on which no more legs are sent with MSG_ZEROCOPY.
type LinkCopies struct {
	Link int
	Err  error
}

// CongestionChosen is the congestion control of a path's links.
type CongestionChosen struct {
	Path string
	dial.Congestion
}

// BufferLimits is a path whose links are held back by a socket buffer.
type BufferLimits struct {
	Path    string
	Receive bool    // it is the peer's receive buffer; else the send buffer here
	Share   float64 // of the time, 0 to 1
	Setting string  // the value, here, of net.ipv4.tcp_wmem, for the send buffer
}

// PortsChosen are the source ports of a path's links.
type PortsChosen struct {
	Path  string
	Ports []uint16
	Lanes lane.Set // the lanes that they fill evenly
	Err   error    // why the kernel chooses the ports instead, so that there are none
}

// ThreadsTried is a trial of "threads auto".
type ThreadsTried struct {
	Path        string
	Added       int    // links
	Before, Now uint64 // bytes a second, of all paths
	Kept        bool   // the new links stay
	Links       int    // how many the path has then
}

// SocketStatistics is what the kernel counts about links.
type SocketStatistics struct {
	Err    error  // why there is only TCP_INFO; nil: there is more
	Cgroup string // the cgroup that sock_ops are attached to
	Filter error  // why there is no socket filter; nil: there is one
	Ops    error  // why there are no sock_ops; nil: there are some
}

// LinkNotCounted is a link without socket statistics.
type LinkNotCounted struct {
	Link int
	Err  error
}

// NetworkNotWatched is why changes of the network go unnoticed. An end that dials then tries lost paths now and then.
type NetworkNotWatched struct {
	Dials bool
	Err   error
}

// LinksSteered is how links get to the loops near the CPUs where they come in.
type LinksSteered struct{ dial.Steering }

// Listening is a receiver that listens again, on another address or anew.
type Listening struct{ Addr net.Addr }

// ListenFailed is why a receiver cannot listen again yet.
type ListenFailed struct{ Err error }

// ListenerFailed is why a receiver has to listen again.
type ListenerFailed struct{ Err error }

// AcceptFailed is a connection that was not taken, for now or for good.
type AcceptFailed struct{ Err error }

// NoRoom is a connection for which there is no room.
type NoRoom struct {
	From net.Addr
	Err  error
}

// RoomNotReserved is why no more room is reserved in a file for what is to come.
type RoomNotReserved struct{ Err error }

// EndUnconfirmed is a sender that has not confirmed the end of the stream in time.
type EndUnconfirmed struct{ Within time.Duration }

func (SourceOpened) level() Level      { return LevelChoices }
func (SenderOpened) level() Level      { return LevelChoices }
func (ReceiverOpened) level() Level    { return LevelChoices }
func (LoopsPlaced) level() Level       { return LevelChoices }
func (LoopUnpinned) level() Level      { return LevelChoices }
func (LoopTakenOver) level() Level     { return LevelChoices }
func (ThreadStuck) level() Level       { return LevelChoices }
func (SenderMet) level() Level         { return LevelChoices }
func (ReceiverMet) level() Level       { return LevelChoices }
func (Compared) level() Level          { return LevelLinks }
func (Resumed) level() Level           { return LevelSummary }
func (MemoryWarmed) level() Level      { return LevelChoices }
func (MemoryAdvised) level() Level     { return LevelChoices }
func (LegsCopied) level() Level        { return LevelChoices }
func (CoderChosen) level() Level       { return LevelChoices }
func (LegsReferred) level() Level      { return LevelChoices }
func (ProofDenied) level() Level       { return LevelChoices }
func (FileCopied) level() Level        { return LevelChoices }
func (LinkCopies) level() Level        { return LevelChoices }
func (CongestionChosen) level() Level  { return LevelChoices }
func (BufferLimits) level() Level      { return LevelChoices }
func (ThreadsTried) level() Level      { return LevelChoices }
func (SocketStatistics) level() Level  { return LevelChoices }
func (LinkNotCounted) level() Level    { return LevelChoices }
func (NetworkNotWatched) level() Level { return LevelChoices }
func (LinksSteered) level() Level      { return LevelChoices }
func (Listening) level() Level         { return LevelLinks }
func (ListenFailed) level() Level      { return LevelChoices }
func (ListenerFailed) level() Level    { return LevelChoices }
func (AcceptFailed) level() Level      { return LevelChoices }
func (NoRoom) level() Level            { return LevelChoices }
func (RoomNotReserved) level() Level   { return LevelChoices }
func (EndUnconfirmed) level() Level    { return LevelChoices }

func (e PortsChosen) level() Level {
	if e.Err != nil {
		return LevelSummary
	}
	return LevelChoices
}

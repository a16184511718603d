package words

import (
	"fmt"
	"strconv"
	"strings"

	"viamillipede/affinity"
	"viamillipede/engine/observe"
	"viamillipede/netio/dial"
)

// ofChoices is the line for a choice the engine made, or for something it cannot do.
func ofChoices(e observe.Event) string {
	switch e := e.(type) {
	case observe.SourceOpened:
		return fmt.Sprintf("source is a %s; engine path: %s", e.Source, EnginePath(e.EnginePath))
	case observe.SenderOpened:
		if e.Addr != nil {
			return fmt.Sprintf("listening on %v, %s, legs of at most %s, window %s", e.Addr, placement(e.Placement), Bytes(uint64(e.Leg)),
				Bytes(uint64(e.Window)))
		}
		return fmt.Sprintf("%s, %s over %s, legs of at most %s, window %s", placement(e.Placement), Number(e.Links, "link"),
			Number(e.Paths, "path"), Bytes(uint64(e.Leg)), Bytes(uint64(e.Window)))
	case observe.ReceiverOpened:
		if e.Addr == nil {
			return fmt.Sprintf("%s over %s; sink is a %s; engine path: %s; %s", Number(e.Links, "link"), Number(e.Paths, "path"), e.Sink,
				EnginePath(e.EnginePath), placement(e.Placement))
		}
		return fmt.Sprintf("listening on %v; sink is a %s; engine path: %s; %s", e.Addr, e.Sink, EnginePath(e.EnginePath), placement(e.Placement))
	case observe.LoopsPlaced:
		return placement(e.Placement)
	case observe.LoopUnpinned:
		return fmt.Sprintf("loop %d is not pinned to CPU %d: %v", e.Loop, e.CPU, e.Err)
	case observe.LoopTakenOver:
		return fmt.Sprintf("loop %d goes on without its thread, which waits in the kernel", e.Loop)
	case observe.ThreadStuck:
		return "a thread is stuck in the kernel: what it holds stays open"
	case observe.Compared:
		return fmt.Sprintf("compared %s of %s that were there", Bytes(uint64(e.Bytes)), Bytes(uint64(e.Of)))
	case observe.Resumed:
		return fmt.Sprintf("%s are there already, of %s that the receiver had and %s in all", Bytes(uint64(e.Kept)), Bytes(uint64(e.Of)), Bytes(uint64(e.Size)))
	case observe.ReceiverMet:
		return fmt.Sprintf("a receiver at %s wants %s over %s", e.From, Number(e.Links, "link"), Number(e.Paths, "path"))
	case observe.SenderMet:
		return fmt.Sprintf("stream %v: %s, legs of at most %s, credit for %d legs; %s", e.Stream, Number(e.Links, "link"), Bytes(uint64(e.Leg)),
			e.Credit, advice(e.Memory)+"; "+pages(e.Pages))
	case observe.MemoryAdvised:
		return advice(e.Advice)
	case observe.MemoryWarmed:
		return pages(e.Pages)
	case observe.CoderChosen:
		return "sidechain auto: " + e.Level
	case observe.LegsCopied:
		return fmt.Sprintf("legs are copied: %v", e.Err)
	case observe.LegsReferred:
		return fmt.Sprintf("legs made by write(2) go by reference; checking one takes %v", e.Cost)
	case observe.ProofDenied:
		return e.Err.Error()
	case observe.FileCopied:
		return fmt.Sprintf("standard input is read and written: %v", e.Err)
	case observe.LinkCopies:
		return fmt.Sprintf("link %d copies: %v", e.Link, e.Err)
	case observe.SocketStatistics:
		return "socket statistics: " + statistics(e)
	case observe.LinkNotCounted:
		return fmt.Sprintf("link %d has no socket statistics: %v", e.Link, e.Err)
	case observe.RoomNotReserved:
		return fmt.Sprintf("no more room is set aside: %v", e.Err)
	case observe.EndUnconfirmed:
		return fmt.Sprintf("the sender has not confirmed the end within %v", e.Within)
	}
	return ofNetwork(e)
}

// ofNetwork is the line for a choice about the network.
func ofNetwork(e observe.Event) string {
	switch e := e.(type) {
	case observe.CongestionChosen:
		return fmt.Sprintf("%s: %s", pathNamed(e.Path), congestion(e.Congestion))
	case observe.BufferLimits:
		if e.Receive {
			return fmt.Sprintf("%s: the receive buffer holds its links back %.0f %% of the time: "+
				"raise the last number of net.ipv4.tcp_rmem at the receiver, unless its consumer is slow", pathNamed(e.Path), 100*e.Share)
		}
		return fmt.Sprintf("%s: the send buffer holds its links back %.0f %% of the time: "+
			"raise the last number of net.ipv4.tcp_wmem here, now %s", pathNamed(e.Path), 100*e.Share, e.Setting)
	case observe.PortsChosen:
		if e.Err != nil {
			return fmt.Sprintf("%s: the kernel chooses the source ports: %v", pathNamed(e.Path), e.Err)
		}
		return fmt.Sprintf("%s: source ports %s: %s", pathNamed(e.Path), ports(e.Ports), Lanes(e.Lanes)+", filled evenly: "+LaneBasis(e.Lanes))
	case observe.ThreadsTried:
		what := "dropped, it has " + Number(e.Links, "link")
		if e.Kept {
			what = "it has " + Number(e.Links, "link") + " now"
		}
		return fmt.Sprintf("threads auto: %s: %s more: %s/s, %s/s before: %s", pathNamed(e.Path), Number(e.Added, "link"), Bytes(e.Now), Bytes(e.Before), what)
	case observe.NetworkNotWatched:
		if e.Dials {
			return fmt.Sprintf("changes of the network are not noticed, lost paths are tried now and then: %v", e.Err)
		}
		return fmt.Sprintf("changes of the network are not noticed: %v", e.Err)
	case observe.LinksSteered:
		text := fmt.Sprintf("links go to the loops near the CPUs that they come in on: %v", e.Way)
		if e.Why != nil {
			text += fmt.Sprintf(" (%v)", e.Why)
		}
		return text
	case observe.Listening:
		return fmt.Sprintf("listening on %v", e.Addr)
	case observe.ListenFailed:
		return fmt.Sprintf("cannot listen again yet: %v", e.Err)
	case observe.ListenerFailed:
		return fmt.Sprintf("a listener failed and is opened again: %v", e.Err)
	case observe.AcceptFailed:
		return fmt.Sprintf("accept: %v", e.Err)
	case observe.NoRoom:
		return fmt.Sprintf("no room for %v: %v", e.From, e.Err)
	}
	return ""
}

func congestion(c dial.Congestion) string {
	switch {
	case c.Name == "":
		return "this connection has no congestion control"
	case c.Asked != "auto":
		return fmt.Sprintf("congestion control %s, as asked (%s)", c.Name, c.Asked)
	}
	return fmt.Sprintf("congestion control %s: least round trip %v, the system's default is %s", c.Name, c.MinRTT, c.System)
}

// placement says where loops run.
func placement(p observe.Placement) string {
	where := "on any CPU"
	if p.CPUs[0] >= 0 {
		where = "pinned to CPU " + affinity.FormatList(p.CPUs)
	}
	for _, n := range p.NICs {
		where += "; " + n.String()
	}
	return Number(len(p.CPUs), "loop") + " " + where
}

// ports formats a list of ports as the command line takes it.
func ports(all []uint16) string {
	list := make([]string, len(all))
	for i, port := range all {
		list[i] = strconv.Itoa(int(port))
	}
	return strings.Join(list, ",")
}

// statistics names the means by which sockets are counted.
func statistics(e observe.SocketStatistics) string {
	switch {
	case e.Err != nil:
		return fmt.Sprintf("TCP_INFO only: %v", e.Err)
	case e.Filter != nil:
		return fmt.Sprintf("eBPF (sock_ops on cgroup %s; no socket filter: %v)", e.Cgroup, e.Filter)
	case e.Ops != nil:
		return fmt.Sprintf("eBPF (socket filter; no sock_ops: %v)", e.Ops)
	}
	return "eBPF (socket filter and sock_ops on cgroup " + e.Cgroup + ")"
}

package words

import (
	"fmt"
	"strconv"
	"strings"

	"viamillipede/affinity"
	"viamillipede/engine"
	"viamillipede/netio/dial"
)

// ofChoices is the line for a choice the engine made, or for something it cannot do.
func ofChoices(e engine.Event) string {
	switch e := e.(type) {
	case engine.SourceOpened:
		return fmt.Sprintf("source is a %s; engine path: %s", e.Source, EnginePath(e.EnginePath))
	case engine.SenderOpened:
		return fmt.Sprintf("%s, %s over %s, legs of at most %s, window %s", placement(e.Placement), Number(e.Links, "link"),
			Number(e.Paths, "path"), Bytes(uint64(e.Leg)), Bytes(uint64(e.Window)))
	case engine.ReceiverOpened:
		return fmt.Sprintf("listening on %v; sink is a %s; engine path: %s; %s", e.Addr, e.Sink, EnginePath(e.EnginePath), placement(e.Placement))
	case engine.LoopsPlaced:
		return placement(e.Placement)
	case engine.LoopUnpinned:
		return fmt.Sprintf("loop %d is not pinned to CPU %d: %v", e.Loop, e.CPU, e.Err)
	case engine.LoopTakenOver:
		return fmt.Sprintf("loop %d goes on without its thread, which waits in the kernel", e.Loop)
	case engine.ThreadStuck:
		return "a thread is stuck in the kernel: what it holds stays open"
	case engine.SenderMet:
		return fmt.Sprintf("stream %v: %s, legs of at most %s, credit for %d legs; %s", e.Stream, Number(e.Links, "link"), Bytes(uint64(e.Leg)),
			e.Credit, advice(e.Memory)+"; "+pages(e.Pages))
	case engine.MemoryAdvised:
		return advice(e.Advice)
	case engine.MemoryWarmed:
		return pages(e.Pages)
	case engine.LegsCopied:
		return fmt.Sprintf("legs are copied: %v", e.Err)
	case engine.LegsReferred:
		return fmt.Sprintf("legs made by write(2) go by reference; checking one takes %v", e.Cost)
	case engine.ProofDenied:
		return e.Err.Error()
	case engine.FileCopied:
		return fmt.Sprintf("standard input is read and written: %v", e.Err)
	case engine.LinkCopies:
		return fmt.Sprintf("link %d copies: %v", e.Link, e.Err)
	case engine.SocketStatistics:
		return "socket statistics: " + statistics(e)
	case engine.LinkNotCounted:
		return fmt.Sprintf("link %d has no socket statistics: %v", e.Link, e.Err)
	case engine.RoomNotReserved:
		return fmt.Sprintf("no more room is set aside: %v", e.Err)
	case engine.EndUnconfirmed:
		return fmt.Sprintf("the sender has not confirmed the end within %v", e.Within)
	}
	return ofNetwork(e)
}

// ofNetwork is the line for a choice about the network.
func ofNetwork(e engine.Event) string {
	switch e := e.(type) {
	case engine.CongestionChosen:
		return fmt.Sprintf("path %s: %s", e.Path, congestion(e.Congestion))
	case engine.BufferLimits:
		if e.Receive {
			return fmt.Sprintf("path %s: the receive buffer holds its links back %.0f %% of the time: "+
				"raise the last number of net.ipv4.tcp_rmem at the receiver, unless its consumer is slow", e.Path, 100*e.Share)
		}
		return fmt.Sprintf("path %s: the send buffer holds its links back %.0f %% of the time: "+
			"raise the last number of net.ipv4.tcp_wmem here, now %s", e.Path, 100*e.Share, e.Setting)
	case engine.PortsChosen:
		if e.Err != nil {
			return fmt.Sprintf("path %s: the kernel chooses the source ports: %v", e.Path, e.Err)
		}
		return fmt.Sprintf("path %s: source ports %s: %s", e.Path, ports(e.Ports), Lanes(e.Lanes)+", filled evenly: "+LaneBasis(e.Lanes))
	case engine.ThreadsTried:
		what := "dropped, it has " + Number(e.Links, "link")
		if e.Kept {
			what = "it has " + Number(e.Links, "link") + " now"
		}
		return fmt.Sprintf("threads auto: path %s: %s more: %s/s, %s/s before: %s", e.Path, Number(e.Added, "link"), Bytes(e.Now), Bytes(e.Before), what)
	case engine.NetworkNotWatched:
		if e.Sender {
			return fmt.Sprintf("changes of the network are not noticed, lost paths are tried now and then: %v", e.Err)
		}
		return fmt.Sprintf("changes of the network are not noticed: %v", e.Err)
	case engine.LinksSteered:
		text := fmt.Sprintf("links go to the loops near the CPUs that they come in on: %v", e.Way)
		if e.Why != nil {
			text += fmt.Sprintf(" (%v)", e.Why)
		}
		return text
	case engine.Listening:
		return fmt.Sprintf("listening on %v", e.Addr)
	case engine.ListenFailed:
		return fmt.Sprintf("cannot listen again yet: %v", e.Err)
	case engine.ListenerFailed:
		return fmt.Sprintf("a listener failed and is opened again: %v", e.Err)
	case engine.AcceptFailed:
		return fmt.Sprintf("accept: %v", e.Err)
	case engine.NoRoom:
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
func placement(p engine.Placement) string {
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
func statistics(e engine.SocketStatistics) string {
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

package words

import (
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"viamillipede/engine/observe"
)

// Event says in one line what happened; a fault in the program takes several. It is empty for what a user is told in
// another way.
func Event(e observe.Event) string {
	for _, say := range []func(observe.Event) string{ofLinks, ofStream, ofChoices} {
		if text := say(e); text != "" {
			return text
		}
	}
	return ""
}

// ofLinks is the line for an event of a link, a path or a leg. A path that comes or goes has none, since its links have
// theirs.
func ofLinks(e observe.Event) string {
	switch e := e.(type) {
	case observe.LinkUp:
		return fmt.Sprintf("link %d up: %s", e.Link, e.Path)
	case observe.LinkDown:
		return fmt.Sprintf("link %d down: %s: %s", e.Link, e.Path, lossName(e.Err))
	case observe.LinkStalled:
		return fmt.Sprintf("link %d stalls: %s: nothing gets through; %s to other links", e.Link, e.Path, goes(e.Legs))
	case observe.LinkResumed:
		return fmt.Sprintf("link %d goes on: %s", e.Link, e.Path)
	case observe.LinkMoved:
		return fmt.Sprintf("link %d moves from loop %d to loop %d, where its packets come in", e.Link, e.From, e.To)
	case observe.LinkNotTaken:
		return fmt.Sprintf("link %d from %s: %v", e.Link, e.From, e.Err)
	case observe.DialFailed:
		return fmt.Sprintf("%s: link %d: %v", pathNamed(e.Path), e.Link, e.Err)
	case observe.PathHelps:
		if !e.Helps {
			return fmt.Sprintf("%s: the paths before it carry all again", pathNamed(e.Path))
		}
		return fmt.Sprintf("%s helps: what waits would take the paths before it longer than %v (spill)", pathNamed(e.Path), e.Spill)
	case observe.AddressChosen:
		return fmt.Sprintf("%s: its address %v works (%v)", pathNamed(e.Path), e.Addr, e.Failed)
	case observe.NameKept:
		return fmt.Sprintf("%s: using the addresses that its name had last: %v", pathNamed(e.Path), e.Err)
	case observe.PortTaken:
		return fmt.Sprintf("%s: source port %d cannot be used (%v), the next of the list is tried", pathNamed(e.Path), e.Port, e.Err)
	case observe.LegSent:
		return fmt.Sprintf("leg %d: %d bytes at %d on link %d", e.Leg, e.Bytes, e.Offset, e.Link)
	case observe.LegReceived:
		return fmt.Sprintf("leg %d: %d bytes at %d on link %d", e.Leg, e.Bytes, e.Offset, e.Link)
	case observe.LegsLost:
		return fmt.Sprintf("link %d lost %d legs, which go to other links", e.Link, e.Legs)
	case observe.LegLate:
		return fmt.Sprintf("leg %d is late on link %d: taken %v ago, expected after %v; %s/s, round trip %v, %s unsent", e.Leg, e.Link,
			e.Taken.Round(time.Millisecond), e.Expected.Round(time.Millisecond), Bytes(e.Rate), e.RTT, Bytes(e.Unsent))
	case observe.LegRescued:
		return fmt.Sprintf("leg %d, late on %s, goes on link %d", e.Leg, pathNamed(e.From), e.Link)
	case observe.Call:
		if e.Err != nil {
			return fmt.Sprintf("%s(%d): %v", e.Name, e.FD, e.Err)
		}
		return fmt.Sprintf("%s(%d) = %d", e.Name, e.FD, e.N)
	}
	return ""
}

// lossName says why a link ended.
func lossName(err error) string {
	if err == io.EOF {
		return "closed by the peer's host"
	}
	return err.Error()
}

func goes(legs int) string {
	if legs == 1 {
		return "1 leg goes"
	}
	return Number(legs, "leg") + " go"
}

// ofStream is the line for an event of the stream as a whole, or for strangers.
func ofStream(e observe.Event) string {
	switch e := e.(type) {
	case observe.Outage:
		return outage(e)
	case observe.Refused:
		return fmt.Sprintf("refused %v: %v", e.From, e.Err)
	case observe.RefusedMore:
		return refusedMore(e)
	case observe.Keeping:
		return keeping(e)
	case observe.Draining:
		return "no more peers are served; those that are there end by themselves: " + Number(e.Streams, "peer")
	case observe.TurnAwaited:
		return fmt.Sprintf("%s: all places of the peer are taken: waiting for our turn", pathNamed(e.Path))
	case observe.PeerWaits:
		return fmt.Sprintf("a peer at %v waits for its turn, after %s", e.From, Number(e.Before, "other"))
	case observe.SenderFailed:
		return fmt.Sprintf("a sender at %s gave up before its first leg: %s; the receiver waits for the next one", e.From, e.Reason)
	case observe.ReceiverLeft:
		return "a receiver went away before it acknowledged a leg: the sender is free"
	case observe.SenderLeft:
		return "a sender went away before its first leg: the receiver is free"
	case observe.ConsumerStopped:
		rest := "the stream went on after that"
		if e.Whole {
			rest = fmt.Sprintf("the stream has %d", e.Total)
		}
		return fmt.Sprintf("the consumer of %s stopped early, which early ok allows: it has left %d bytes of the %d that "+
			"it was given unread, and %s", e.Sink, e.Unread, e.Given, rest)
	case observe.PeerConsumerStopped:
		return fmt.Sprintf("the receiver's consumer stopped early, which early ok allows there: it has read %d bytes", e.Read)
	case observe.ResumeMissing:
		return "the other end was not told to resume: all is sent"
	case observe.FirstWire:
		if e.Sender {
			return "wire 1: the receiver acknowledges nothing, so status 0 means that it has everything in its kernel, or was seen to end, " +
				"and not that it has written it; a lost link ends the stream (5)"
		}
		return "wire 1: the sender speaks version 1, in which nothing is sent again and it cannot be told what is written: " +
			"a lost link ends the stream (5)"
	case observe.ChecksumMissing:
		return "checksum was given here, but not to the sender: nothing is checked"
	case observe.SinkNotCut:
		return fmt.Sprintf("standard output may be longer than what was delivered: %v", e.Err)
	case observe.AddressAwaited:
		return fmt.Sprintf("waiting for the local address %v: %v", e.Addr, e.Err)
	case observe.WindowCut:
		return fmt.Sprintf("window %s: the memory that is granted here leaves room for %s", Bytes(uint64(e.Asked)), Bytes(uint64(e.Fits)))
	case observe.LinksCut:
		if e.Wanted == 0 {
			return fmt.Sprintf("at most %s: %v", Number(e.Links, "link"), e.Err)
		}
		return fmt.Sprintf("%s instead of %d: %v", Number(e.Links, "link"), e.Wanted, e.Err)
	case observe.Fault:
		text := fmt.Sprintf("%s: a fault in the program, which should be reported: %v", e.Where, e.Panic)
		if e.Stack != nil {
			text += "\n" + string(e.Stack)
		}
		return text
	}
	return ""
}

// keeping is the line for an end that stays.
func keeping(e observe.Keeping) string {
	windows, what := e.Most*e.Ends, Number(e.Most, "stream")
	if e.Ends > 1 {
		what = Number(e.Most, "pair") + " of streams"
	}
	return fmt.Sprintf("listening on %v for up to %s at a time; %s of %s are %s", e.Addr, what, Number(windows, "window"), Bytes(uint64(e.Window)),
		Bytes(uint64(e.Window)*uint64(windows)))
}

func refusedMore(e observe.RefusedMore) string {
	var parts []string
	for _, h := range e.Hosts {
		parts = append(parts, fmt.Sprintf("%d from %s (the last: %v)", h.Count, h.Host, h.Last))
	}
	if e.Others > 0 {
		parts = append(parts, fmt.Sprintf("%d from others", e.Others))
	}
	return fmt.Sprintf("refused %s: %s", Number(int(e.Total), "more connection"), strings.Join(parts, ", "))
}

// outage is the line for an outage at either end.
func outage(e observe.Outage) string {
	if e.Phase == observe.OutageEnds {
		return outageEnd(e)
	}
	lasts := fmt.Sprintf("since %s (%s ago)", e.Since.Format(time.TimeOnly), Duration(e.At.Sub(e.Since)))
	switch {
	case e.First && e.Dials:
		return fmt.Sprintf("no %s yet after %s, trying %s: %v", peer(e), Duration(e.At.Sub(e.Since)), patience(e), e.Why)
	case e.First && e.Until.IsZero():
		return fmt.Sprintf("waiting for a %s on %s", peer(e), door(e))
	case e.First:
		return fmt.Sprintf("waiting for a %s on %s, %s", peer(e), door(e), patience(e))
	case e.Sender && e.Links > 0 && e.Why == nil:
		return fmt.Sprintf("nothing gets through to the receiver %s, on %s; waiting %s", lasts, Number(e.Links, "link"), patience(e))
	case e.Sender && isHole(e.Why):
		return fmt.Sprintf("nothing gets through to the receiver %s; waiting %s: %v", lasts, patience(e), e.Why)
	case e.Stage == observe.StageWritten:
		return fmt.Sprintf("everything is written, but no path %s works %s to tell it so; waiting for up to %s more",
			whence(e), lasts, Duration(e.Until.Sub(e.At)))
	case e.Stage == observe.StageWriting:
		return fmt.Sprintf("every byte is here and is being written, but no path %s works %s; waiting %s", whence(e), lasts, patience(e))
	case e.Why != nil:
		return fmt.Sprintf("no path %s works %s; waiting %s: %v", whence(e), lasts, patience(e), e.Why)
	}
	return fmt.Sprintf("no path %s works %s; waiting %s", whence(e), lasts, patience(e))
}

// peer names the other end.
func peer(e observe.Outage) string {
	if e.Sender {
		return "receiver"
	}
	return "sender"
}

// whence is where the paths of an end lead, if it dials, or come from.
func whence(e observe.Outage) string {
	if e.Dials {
		return "to the " + peer(e)
	}
	return "from the " + peer(e)
}

func isHole(why error) bool {
	_, hole := why.(observe.BlackHole)
	return hole
}

// door is where an end listens.
func door(e observe.Outage) string {
	at, ok := e.Door.(*net.TCPAddr)
	switch {
	case e.Door == nil:
		return fmt.Sprintf("port %d", e.Port)
	case !ok:
		return e.Door.String()
	case at.IP.IsUnspecified():
		return fmt.Sprintf("port %d", at.Port)
	}
	return fmt.Sprintf("port %d of %v", at.Port, &net.IPAddr{IP: at.IP, Zone: at.Zone})
}

func outageEnd(e observe.Outage) string {
	took := Duration(e.At.Sub(e.Since))
	switch {
	case e.First && e.Dials:
		return fmt.Sprintf("the %s answers, after %s", peer(e), took)
	case e.First:
		return fmt.Sprintf("a %s is here, after %s", peer(e), took)
	case !e.Dials:
		return fmt.Sprintf("a path %s works again, after %s", whence(e), took)
	case len(e.Paths) == 0:
		return fmt.Sprintf("a path %s works again, after %s: none any more", whence(e), took)
	}
	return fmt.Sprintf("a path %s works again, after %s: %s", whence(e), took, strings.Join(e.Paths, ", "))
}

// patience says how long a stream waits, and which keyword sets that.
func patience(e observe.Outage) string {
	if e.Until.IsZero() {
		return fmt.Sprintf("for as long as it takes (%s 0)", e.Limit)
	}
	return fmt.Sprintf("for up to %s more (%s)", Duration(e.Until.Sub(e.At)), e.Limit)
}

package reach

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"viamillipede/engine/doors"
	"viamillipede/engine/internal/stream"
	"viamillipede/engine/observe"
	"viamillipede/engine/ways"
	"viamillipede/engine/wire"
)

// hostsMost is how many addresses of the receiver are remembered.
const hostsMost = 256

// Hall is where receivers call that come to a sender: which one it has, and which of the connections that came in are its links. Its
// methods may be called from any goroutine. Its lock comes before Life.Mu and those of paths.
type Hall struct {
	*Reach
	called *ways.Called

	mu     sync.Mutex
	tenure doors.Tenure                 // whose stream it is; guarded by mu, as is all below
	call   wire.Call                    // the first of the current receiver
	hosts  map[string]bool              // where it came from
	links  [stream.MaxThreads]ways.Link // the latest of each index
	latest [stream.MaxThreads]uint32    // its generation
}

// newHall makes a hall that nobody has come to.
func newHall(r *Reach, called *ways.Called) *Hall {
	return &Hall{Reach: r, called: called, tenure: doors.NewTenure("receiver"), hosts: make(map[string]bool)}
}

// claimOf is the claim of a receiver. One that has begun with another sender is no case for Tenure: its call names the stream.
func (h *Hall) claimOf(c wire.Call) doors.Claim {
	claim := doors.Claim{Phrase: c.Phrase, Link: uint32(c.Link), Links: uint32(c.Links)}
	binary.LittleEndian.PutUint64(claim.Peer[:], c.Receiver)
	return claim
}

// judge decides on a call. Under mu.
func (h *Hall) judge(c wire.Call) (wire.Verdict, error) {
	if c.Flags&wire.FlagResume != 0 && c.Stream != h.cfg.Sender.Stream() {
		return wire.VerdictUnknown, errors.New("a receiver whose stream began elsewhere")
	}
	v, err := h.tenure.Judge(h.claimOf(c), h.cfg.Setup.Phrase)
	if err == nil && h.tenure.Met() && c.Paths != h.call.Paths {
		return wire.VerdictMalformed, fmt.Errorf("%d paths, expected %d as before", c.Paths, h.call.Paths)
	}
	return v, err
}

// Hear is part of doors.Sending. It lets a receiver wait whose turn may come.
func (h *Hall) Hear(ctx context.Context, c wire.Call, local, _ net.Addr) (wire.Hello, wire.Verdict, error) {
	h.placeAt(local)
	for begun := time.Now(); ; {
		h.mu.Lock()
		v, err := h.judge(c)
		h.mu.Unlock()
		if err == nil {
			hello := h.cfg.Sender.Hello()
			hello.Link, hello.Generation, hello.Links = uint32(c.Link), c.Generation, uint32(c.Links)
			return hello, v, nil
		}
		if !errors.Is(err, doors.ErrTried) || !h.tenure.AwaitTurn(ctx, &h.mu, h.claimOf(c), begun, h.cfg.Setup.Timing, h.cfg.Sender.TurnOut) {
			return wire.Hello{}, v, err
		}
	}
}

// Welcome is part of doors.Sending: the receiver becomes the sender's, unless another one was faster.
func (h *Hall) Welcome(c wire.Call, w wire.Welcome, remote net.Addr) (bye *wire.Bye, err error) {
	switch {
	case w.Verdict != wire.VerdictOK:
		return nil, fmt.Errorf("refused by the receiver: %v", w.Verdict)
	case w.Receiver != c.Receiver:
		return nil, errors.New("the receiver welcomes us by another id than it called with")
	}
	if err := h.enter(c, remote); err != nil {
		return &wire.Bye{Reason: wire.ByeYields}, err
	}
	if err := h.cfg.Sender.Welcome(w); err != nil {
		h.Forgo()
		return &wire.Bye{Reason: wire.ByeBroken}, err
	}
	return nil, nil
}

// enter counts a link in. The first of a receiver makes that the current one.
func (h *Hall) enter(c wire.Call, remote net.Addr) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, err := h.judge(c); err != nil {
		return err
	}
	if !h.tenure.Met() {
		h.tenure.Try(h.claimOf(c), time.Now())
		h.meets(c)
		clear(h.hosts)
		if h.called.Begin(c) {
			h.cfg.Sender.Begin(h.called.Paths())
		}
		observe.Tell(h.cfg.Setup.Observer, observe.ReceiverMet{From: doors.HostOf(remote), Links: int(c.Links), Paths: int(c.Paths)})
	}
	h.tenure.LinkCame()
	if len(h.hosts) < hostsMost {
		h.hosts[doors.HostOf(remote)] = true
	}
	return nil
}

// meets makes the receiver that calls the current one. Under mu.
func (h *Hall) meets(c wire.Call) {
	if c.Receiver != h.call.Receiver {
		h.cfg.Life.Mu.Lock()
		h.cfg.Life.Outage.Other()
		h.cfg.Life.Mu.Unlock()
	}
	h.call = c
}

// own is Reach.Own.
func (h *Hall) own() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.tenure.Owns() {
		h.tenure.Own()
	}
}

// Forgo is part of doors.Host.
func (h *Hall) Forgo() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.tenure.LinkGone() && h.left() {
		h.tenure.Vacate()
		observe.Tell(h.cfg.Setup.Observer, observe.ReceiverLeft{})
	}
}

// Expects is part of doors.Host.
func (h *Hall) Expects(from net.Addr) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.hosts[doors.HostOf(from)]
}

// LinksUp is part of doors.Host.
func (h *Hall) LinksUp() int {
	h.cfg.Life.Mu.Lock()
	defer h.cfg.Life.Mu.Unlock()
	return h.cfg.Life.Up
}

// Tenure is part of doors.Host.
func (h *Hall) Tenure() *doors.Tenure { return &h.tenure }

// TurnOut is part of doors.Host.
func (h *Hall) TurnOut() {
	h.mu.Lock()
	yields := h.tenure.Yield()
	h.mu.Unlock()
	if yields {
		h.cfg.Sender.TurnOut(stream.ErrYields)
	}
}

// Fail is part of doors.Host.
func (h *Hall) Fail(err *stream.Error) { h.cfg.Life.Fail(err) }

// left makes the sender one that has not met a receiver, unless its stream is over.
func (h *Hall) left() bool {
	h.cfg.Life.Mu.Lock()
	defer h.cfg.Life.Mu.Unlock()
	if h.cfg.Life.Finished {
		return false
	}
	h.cfg.Life.Forget(time.Now())
	return true
}

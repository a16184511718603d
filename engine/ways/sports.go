package ways

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/observe"
	"viamillipede/engine/schedule"
	"viamillipede/netio/dial"
)

// noKeeper is no keeper's index.
const noKeeper = -1

// guestPlace is the place of a keeper whose own path is another one.
const guestPlace = -1

// errNoPort: every port of a path's list is taken by another of our links, or could not be used a moment ago.
var errNoPort = errors.New("no source port of the list is free")

// sourcePorts hands out the source ports of a path, each to one keeper at a time. The zero value hands out port 0, which lets the
// kernel choose.
type sourcePorts struct {
	mu    sync.Mutex
	list  []sourcePort // guarded by mu, as is all below
	homes int          // links of the path: the first so many ports belong to one of them each, the others are spare
	told  string       // how a balanced list was found, or why there is none, as last told to the user
}

// sourcePort is one of them.
type sourcePort struct {
	port   uint16
	keeper int       // the keeper that has it, or noKeeper
	failed time.Time // when it could not be used; zero: never
	told   bool      // the user knows of that
}

// set makes ports the list, none of them in use.
func (s *sourcePorts) set(ports []uint16) {
	s.list = make([]sourcePort, len(ports))
	for i, port := range ports {
		s.list[i] = sourcePort{port: port, keeper: noKeeper}
	}
}

// Fixed reports whether links of the path have ports of their own, which their successors must have too.
func (p *Path) Fixed() bool {
	p.ports.mu.Lock()
	defer p.ports.mu.Unlock()
	return len(p.ports.list) > 0
}

// renew makes a new list with find, if none of the ports is in use, because the network may have changed since. It reports whether the
// user has to know; how tells one way of finding them from another.
func (s *sourcePorts) renew(find func() (ports []uint16, how string)) (news bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if slices.ContainsFunc(s.list, func(p sourcePort) bool { return p.keeper != noKeeper }) {
		return false
	}
	ports, how := find()
	s.set(ports)
	news, s.told = how != s.told, how
	return news
}

// acquire gives a port to a keeper that has none: the one for its place among the links of the path, or else a spare one.
func (s *sourcePorts) acquire(keeper, place int, now time.Time) (port uint16, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.list) == 0 {
		return 0, nil
	}
	free := func(p *sourcePort) bool { return p.keeper == noKeeper && now.Sub(p.failed) >= schedule.PortPause }
	if place >= 0 {
		if own := &s.list[place%len(s.list)]; free(own) {
			own.keeper = keeper
			return own.port, nil
		}
	}
	for i := s.homes; i < len(s.list); i++ {
		if spare := &s.list[i]; free(spare) {
			spare.keeper = keeper
			return spare.port, nil
		}
	}
	return 0, errNoPort
}

// avoid notes that the keeper's port cannot be used; news: it is the first time for this port.
func (s *sourcePorts) avoid(keeper int, now time.Time) (news bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.list {
		if p := &s.list[i]; p.keeper == keeper {
			news = !p.told
			p.keeper, p.failed, p.told = noKeeper, now, true
		}
	}
	return news
}

// release takes back a keeper's port.
func (s *sourcePorts) release(keeper int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.list {
		if p := &s.list[i]; p.keeper == keeper {
			p.keeper = noKeeper
		}
	}
}

// balance finds the balanced ports of a path, if the user wants that and it has no link, and tells the user.
func (k *keeper) balance(p *Path, to netip.Addr) {
	if !p.Sports.Balanced {
		return
	}
	var found observe.PortsChosen
	news := p.ports.renew(func() ([]uint16, string) {
		ports, lanes, err := k.d.cfg.Transport.Ports(p.Path, to, stream.MaxThreads)
		found = observe.PortsChosen{Path: p.String(), Ports: ports[:min(len(ports), max(1, p.ports.homes))], Lanes: lanes, Err: err}
		return ports, fmt.Sprint(found.Ports, lanes.Kind, lanes.Device, lanes.Names(), err)
	})
	if news {
		observe.Tell(k.d.cfg.Observer, found)
	}
}

// noteTaken tells the user, once, about a port that cannot be used.
func (k *keeper) noteTaken(p *Path, port uint16, err error) {
	if p.ports.avoid(k.index, time.Now()) {
		observe.Tell(k.d.cfg.Observer, observe.PortTaken{Path: p.String(), Port: port, Err: stream.Cause(err)})
	}
}

// lacksPort reports whether an attempt failed only because its source port cannot be used.
func lacksPort(port uint16, err error) bool { return port != 0 && err != nil && dial.PortTaken(err) }

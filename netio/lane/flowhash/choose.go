package flowhash

import (
	"errors"
	"fmt"
	"slices"
)

// Choice is a request for source ports that put the same number of flows on every lane.
type Choice struct {
	Lanes  int         // 1 or more
	Flows  int         // number of ports wanted, 1 to 65535
	Prefer PortRange   // taken first; zero means 32768 to 60999, Linux's default range for ephemeral ports
	Avoid  []PortRange // never taken: reserved ports, and those of other connections to the same place
}

// LaneShort is the error that a lane has fewer ports than its share: Found of Wanted. If Found is 0 it cannot be reached
// at all, for example because the hash ignores ports.
type LaneShort struct{ Lane, Found, Wanted int }

func (e *LaneShort) Error() string {
	if e.Found == 0 {
		return fmt.Sprintf("no source port leads to lane %d", e.Lane)
	}
	return fmt.Sprintf("%d source ports lead to lane %d, %d are needed", e.Found, e.Lane, e.Wanted)
}

// errUnknown means that no port at all has a known lane.
var errUnknown = errors.New("the lane of no source port is known")

// Balance picks source ports by a formula. The numbers of flows on lanes differ by at most one. That also holds for every
// prefix of the result, which goes from lane to lane, so a program that opens one connection after another stays balanced
// all along. The same request gives the same ports. Ports below 1024 are not used; those outside Prefer only when a lane
// has too few.
//
// Errors: a *LaneShort; no port has a known lane; a request out of range; a lane not below Lanes.
func (c Choice) Balance(laneOf func(port uint16) (lane int, known bool)) ([]uint16, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	found := make([][]uint16, c.Lanes)
	missing := c.Lanes // lanes with fewer ports than the highest share
	known := false
	for port := range c.ports() {
		lane, ok := laneOf(port)
		if !ok {
			continue
		}
		if lane < 0 || lane >= c.Lanes {
			return nil, fmt.Errorf("source port %d is on lane %d, there are %d lanes", port, lane, c.Lanes)
		}
		known = true
		if len(found[lane]) == c.share() {
			continue
		}
		found[lane] = append(found[lane], port)
		if len(found[lane]) == c.share() {
			if missing--; missing == 0 {
				break
			}
		}
	}
	if !known {
		return nil, errUnknown
	}
	return c.deal(found)
}

// Observed picks as Balance does, but from lanes found by trial: the lane of each port that was tried. The caller closes
// the connections whose ports were not picked.
func (c Choice) Observed(lanes map[uint16]int) ([]uint16, error) {
	c.Prefer = PortRange{1, 65535} // their connections are open, whatever the ports
	return c.Balance(func(port uint16) (int, bool) {
		lane, ok := lanes[port]
		return lane, ok
	})
}

func (c Choice) check() error {
	if c.Lanes < 1 || c.Flows < 1 || c.Flows > 65535 {
		return fmt.Errorf("expected 1 to 65535 flows on 1 lane or more, got %d flows on %d lanes", c.Flows, c.Lanes)
	}
	return nil
}

// share is the greatest number of flows on a lane.
func (c Choice) share() int { return (c.Flows + c.Lanes - 1) / c.Lanes }

// ports are the ports that may be taken, the preferred ones first, each part ascending.
func (c Choice) ports() func(yield func(uint16) bool) {
	prefer := c.Prefer
	if prefer == (PortRange{}) {
		prefer = ephemeral
	}
	return func(yield func(uint16) bool) {
		for port := max(int(prefer.First), 1); port <= int(prefer.Last); port++ {
			if !c.avoids(uint16(port)) && !yield(uint16(port)) {
				return
			}
		}
		for port := firstFree; port <= 65535; port++ {
			if !prefer.contains(uint16(port)) && !c.avoids(uint16(port)) && !yield(uint16(port)) {
				return
			}
		}
	}
}

func (c Choice) avoids(port uint16) bool {
	return slices.ContainsFunc(c.Avoid, func(r PortRange) bool { return r.contains(port) })
}

// deal takes a port of each lane in turn. The last round may be short; it then skips lanes that have no port left.
func (c Choice) deal(found [][]uint16) ([]uint16, error) {
	ports := make([]uint16, 0, c.Flows)
	for round := 0; len(ports) < c.Flows; round++ {
		left := c.Flows - len(ports)
		short := c.Lanes - left // lanes that may be skipped in this round; none if below 1
		for lane, list := range found {
			if round < len(list) {
				if len(ports) < c.Flows {
					ports = append(ports, list[round])
				}
				continue
			}
			if short--; short < 0 {
				return nil, &LaneShort{Lane: lane, Found: len(list), Wanted: round + 1}
			}
		}
	}
	return ports, nil
}

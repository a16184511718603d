package flowhash

import (
	"fmt"
	"strconv"
	"strings"
)

// PortRange is ports First to Last, both included.
type PortRange struct{ First, Last uint16 }

// ephemeral is the default of net.ipv4.ip_local_port_range.
var ephemeral = PortRange{32768, 60999}

// firstFree is the lowest port that needs no privilege (net.ipv4.ip_unprivileged_port_start).
const firstFree = 1024

func (r PortRange) contains(port uint16) bool { return r.First <= port && port <= r.Last }

// ParseReserved reads net.ipv4.ip_local_reserved_ports: "8080,9148,20000-20010", or nothing. The error quotes the part
// that is neither a port nor a range.
func ParseReserved(text string) ([]PortRange, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return nil, nil
	}
	var ranges []PortRange
	for part := range strings.SplitSeq(text, ",") {
		first, last, isRange := strings.Cut(part, "-")
		if !isRange {
			last = first
		}
		r, err := parseRange(first, last)
		if err != nil {
			return nil, fmt.Errorf("reserved ports: expected a port or a range, got %q", part)
		}
		ranges = append(ranges, r)
	}
	return ranges, nil
}

// ParseEphemeral reads net.ipv4.ip_local_port_range: "32768	60999".
func ParseEphemeral(text string) (PortRange, error) {
	fields := strings.Fields(text)
	if len(fields) == 2 {
		if r, err := parseRange(fields[0], fields[1]); err == nil {
			return r, nil
		}
	}
	return PortRange{}, fmt.Errorf("port range: expected two ports, got %q", text)
}

func parseRange(first, last string) (PortRange, error) {
	a, errA := strconv.ParseUint(first, 10, 16)
	b, errB := strconv.ParseUint(last, 10, 16)
	if errA != nil || errB != nil || a > b {
		return PortRange{}, strconv.ErrSyntax
	}
	return PortRange{uint16(a), uint16(b)}, nil
}

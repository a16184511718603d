package flowhash

import (
	"fmt"
	"strconv"
	"strings"
)

// Kernel is a span of Linux versions whose bonding drivers hash alike. Stable branches and distributions carry some of the
// changes to older versions, so what a version number says is a guess that measured lanes may overrule.
type Kernel uint8

const (
	// Linux518 and later: the ports' hash alone loses its lowest bit (commit 49aefd131739, "bonding: do not discard lowest
	// hash bit for non layer3+4 hashing"; April 2022, also in stable branches from 5.15 on).
	Linux518 Kernel = iota

	// Linux515 to 5.17: every hash of addresses loses its lowest bit. The type of frame is a number from here on (the XDP
	// support of bonding, August 2021); before it was read in the wrong order of bytes, which is another hash of layer 2.
	Linux515

	// Linux415 to 5.14: the bit is lost (commit b5f862180d70, "bonding: discard lowest hash bit for 802.3ad layer3+4";
	// November 2017, also in stable branches of that time: connect() prefers even ports, which reached half of the lanes).
	Linux415

	// Linux313 to 4.14: no bit is lost. What was before had other formulas and is not covered.
	Linux313
)

func (k Kernel) shiftsPorts() bool { return k != Linux313 }
func (k Kernel) shiftsAll() bool   { return k == Linux515 || k == Linux415 }
func (k Kernel) swapsType() bool   { return k == Linux415 || k == Linux313 }

// KernelOf finds the span of a release as uname tells it, such as "5.15.0-91-generic". The error is one that is no release,
// or older than 3.13.
func KernelOf(release string) (Kernel, error) {
	major, rest, dotted := strings.Cut(release, ".")
	digits := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
	x, errX := strconv.ParseUint(major, 10, 15)
	y, errY := strconv.ParseUint(rest[:digits], 10, 15)
	if !dotted || errX != nil || errY != nil {
		return 0, fmt.Errorf("expected a kernel release such as 6.1.0, got %q", release)
	}
	switch version := x<<16 | y; {
	case version >= 5<<16|18:
		return Linux518, nil
	case version >= 5<<16|15:
		return Linux515, nil
	case version >= 4<<16|15:
		return Linux415, nil
	case version >= 3<<16|13:
		return Linux313, nil
	}
	return 0, fmt.Errorf("kernel %s: bonding before 3.13 hashes differently", release)
}

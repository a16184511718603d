package flowhash

import (
	"fmt"
	"strconv"
	"strings"
)

// Kernel is a span of Linux versions whose bonding drivers hash alike. Stable branches and distributions backport some of
// the changes, so a version number only gives a guess that measured lanes may overrule.
type Kernel uint8

const (
	// Linux518 and later: the ports' hash alone loses its lowest bit (commit 49aefd131739, "bonding: do not discard lowest
	// hash bit for non layer3+4 hashing"; April 2022, also in stable branches from 5.15 on).
	Linux518 Kernel = iota

	// Linux515 to 5.17: every hash of addresses loses its lowest bit. From here on the frame type is read in host byte
	// order (the XDP support of bonding, August 2021); before, in the wrong byte order, which gives another layer 2 hash.
	Linux515

	// Linux415 to 5.14: the bit is lost (commit b5f862180d70, "bonding: discard lowest hash bit for 802.3ad layer3+4";
	// November 2017, also in stable branches of that time: connect() prefers even ports, which reached half of the lanes).
	Linux415

	// Linux313 to 4.14: no bit is lost. Older kernels had other formulas and are not covered.
	Linux313
)

func (k Kernel) shiftsPorts() bool { return k != Linux313 }
func (k Kernel) shiftsAll() bool   { return k == Linux515 || k == Linux415 }
func (k Kernel) swapsType() bool   { return k == Linux415 || k == Linux313 }

// KernelOf returns the span of a release as uname gives it, such as "5.15.0-91-generic". It is an error if that is not a
// release, or older than 3.13.
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

package wire

import "strings"

// LanesMagic begins what `viamillipede lanes` says at its start, which is not of this format: the ends of a stream and those
// of lanes can tell each other apart.
const LanesMagic = "\xf6VML"

// IsHello reports whether b begins as a hello of any version does.
func IsHello(b []byte) bool { return strings.HasPrefix(string(b), helloMagic) }

// IsWelcome reports whether b begins as a welcome of any version does.
func IsWelcome(b []byte) bool { return strings.HasPrefix(string(b), welcomeMagic) }

// IsLanes reports whether b begins as either end of lanes does.
func IsLanes(b []byte) bool { return strings.HasPrefix(string(b), LanesMagic) }

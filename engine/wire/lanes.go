package wire

import "strings"

// LanesMagic begins the first message of `viamillipede lanes`, which is not in this format. By it, an end of a stream and an end of
// lanes can tell each other apart.
const LanesMagic = "\xf6VML"

// IsHello reports whether b begins like a hello of any version.
func IsHello(b []byte) bool { return strings.HasPrefix(string(b), helloMagic) }

// IsWelcome reports whether b begins like a welcome of any version.
func IsWelcome(b []byte) bool { return strings.HasPrefix(string(b), welcomeMagic) }

// LikeWelcome reports whether b, of which one byte is enough, begins like a welcome of any version.
func LikeWelcome(b []byte) bool { return like(b, welcomeMagic) }

// SealedMagic begins a link that is sealed; what follows is in engine/seal.
const SealedMagic = "\xf9VMP"

// LikeSealed is the same for a link that is sealed.
func LikeSealed(b []byte) bool { return like(b, SealedMagic) }

// LikeCall is the same for a call.
func LikeCall(b []byte) bool { return like(b, callMagic) }

func like(b []byte, magic string) bool {
	n := min(len(b), len(magic))
	return n > 0 && string(b[:n]) == magic[:n]
}

// IsLanes reports whether b begins like what either end of lanes sends.
func IsLanes(b []byte) bool { return strings.HasPrefix(string(b), LanesMagic) }

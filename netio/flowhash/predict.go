package flowhash

// Predictor tells lanes from a formula: Bond, RSS, and Unknown, which never can.
type Predictor interface {
	// Lane gives the lane of a flow, 0 or more; not known is a flow or a setting whose hash cannot be told.
	Lane(f Flow) (lane int, known bool)

	// Candidates prepares for trying many source ports of one flow: the result gives the lane of the flow from a port.
	Candidates(f Flow) func(port uint16) (lane int, known bool)
}

// Unknown is a hash that no formula tells, and its text says why. Its lanes have to be measured; see Choice.Observed.
type Unknown string

// ECMP is Linux's choice among equal routes. Its algorithm is said to be unspecified, and its seed is random unless
// net.ipv4.fib_multipath_hash_seed was set (ip-sysctl.rst, fib_multipath_hash_policy and fib_multipath_hash_seed). With
// policy 0, which is the default, ports do not count: all connections between two addresses take one path.
const ECMP Unknown = "ECMP: the kernel's hash is unspecified and has a random seed"

// Lane says that it is not known.
func (Unknown) Lane(Flow) (lane int, known bool) { return 0, false }

// Candidates says of every port that it is not known.
func (Unknown) Candidates(Flow) func(port uint16) (lane int, known bool) {
	return func(uint16) (int, bool) { return 0, false }
}

// String gives the reason.
func (u Unknown) String() string { return string(u) }

//go:build faults && !race

package engine

// Other seeds than those of a plain run; a simulation makes no system call that could be cut short.
const (
	Seeds      = 800
	SeedsShort = 300
	FirstSeed  = 10_000
	Loops      = 3   // of an end whose test does not say: on two CPUs most paths between loops would never be met
	Stays      = 300 // streams of TestHouseLeavesNothing
)

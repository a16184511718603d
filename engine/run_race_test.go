//go:build race

package engine

// The race detector costs a factor of ten, and has nothing to find in a simulation, which has one thread.
const (
	Seeds      = 500
	SeedsShort = 80
	FirstSeed  = 20_000
	Loops      = 0   // as many as the program makes
	Stays      = 100 // streams of TestHouseLeavesNothing
)

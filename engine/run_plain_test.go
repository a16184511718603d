//go:build !race && !faults

package engine

// What this kind of test run does, so that no kind does again what another one has done.
const (
	Seeds      = 1000 // random streams that TestSeeds sends
	SeedsShort = 300  // with -short
	FirstSeed  = 0
	Loops      = 0    // as many as the program makes
	Stays      = 1000 // streams of TestHouseLeavesNothing
)

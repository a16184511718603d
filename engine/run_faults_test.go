//go:build faults && !race

package engine

// Other seeds than those of a plain run; a simulation makes no system call that could be cut short.
const (
	Seeds      = 800
	SeedsShort = 300
	FirstSeed  = 10_000
	Simulates  = false
)

//go:build race || faults

package send

// simulates: a simulation has one thread, where the race detector has nothing to find, and makes no system call that could be cut short.
const simulates = false

//go:build race

package sidechain

// raceEnabled is true in a run under the race detector.
const raceEnabled = true

//go:build race

package main_test

// labRace: the race detector watches these tests, and the programs that they build.
const labRace = true

//go:build !race

package main_test

// labRace: see lab_race_on_test.go.
const labRace = false

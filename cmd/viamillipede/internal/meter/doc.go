// Package meter makes figures for people and programs out of Snapshots of a stream: how fast it is, how long it will take, and what it
// waits for. It never looks by itself.
//
//	meter.go  rates and times, from one Snapshot to the next
//	waits.go  what a stream waits for
//	heard.go  what its events add
//	absence.go  which paths are gone for long
package meter

// Package filter runs a shell's command on pieces of bytes, a process for each, many at the same time (sidechain COMMAND).
//
//	filter.go    a piece goes through a process; some wait for theirs   any goroutine
//	process.go   one process: its pipes, and how it ended
//	group.go     what ends all processes when viamillipede is killed
package filter

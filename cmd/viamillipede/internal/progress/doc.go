// Package progress shows on a terminal how streams stand: a line for each, below whatever else is written, renewed twice a second.
//
//	line.go      a stream's figures in a line that fits
//	crowd.go     those of many streams
//	screen.go    when lines are shown, and when not: whose terminal it is
//
// It writes by way of a voice, so nobody waits for the terminal. The lines stand below the cursor, which stays where it is: what another
// program of a pipeline writes does not run into them, and what they leave behind when the terminal is resized is erased with them.
package progress

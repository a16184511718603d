// Package top shows on a whole screen how the streams of running programs stand, and what keys do to them.
//
//	model.go     what is known: the last answers of the programs, their figures of the last minutes, and what the user has chosen
//	keys.go      a key changes that, or asks a program to stop
//	steer.go     or to change
//	view.go      the model, drawn on a screen of some size            a pure function
//	stream.go    the part of it that is one end of a stream
//	frame.go     a screen of cells, and what a terminal has to be told to show it
//	terminal.go  the terminal: its modes, its size, its keys; it is as it was when Run returns, whatever ends it
//
// It asks nobody by itself: its user brings answers, and carries out orders.
//
// It needs no library for terminals: it writes whole rows, and knows a dozen keys. All of it is 120 kB of the program, of which tcell would
// add 430 kB and bubbletea 710 kB before a line was drawn.
package top

// Package part is the file that a stream is received into: it is written beside its name, and gets the name when it is whole. So a file
// of that name is always a whole one: the old one, or the new.
//
//	.NAME.viamillipede-part   ---- whole ---->   NAME
//
//	part.go    the part of a file: opened, locked, renamed or kept
//	place.go   its folder, the two names there, and whose they are
//	folder.go  the part of a file that gets its name later, in a folder that it cannot leave
//	standard.go  what the shell has opened instead, to be on its medium in the end
//	target.go  what the name stands for: a file, or something that is written in place
package part

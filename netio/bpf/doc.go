// Package bpf loads the BPF programs of its sibling packages (steer, sockstats, provenance) and gives the kernel's
// answers one form.
//
//	load.go    the one loader: a compiled object, read when it is asked for, into the kernel
//	kernel.go  the kernel's structs that a program reads
//	reason.go  the kernel's answers as errors
//	have.go    which types of programs it has: yes, no, or could not tell
//
// Objects are compiled in advance (bpf2go) and live in the packages that use them.
package bpf

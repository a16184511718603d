// Package bpf loads the BPF programs of the packages beside it (steer, sockstats, provenance), and says in one way what the
// kernel answers.
//
//	load.go    the one loader: a compiled object, read when it is asked for, into the kernel
//	reason.go  the kernel's answers as errors
//	have.go    which types of programs it has: yes, no, or could not tell
//
// Objects are compiled beforehand (bpf2go) and lie in the packages that use them.
package bpf

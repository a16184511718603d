// Package sidechain codes pieces of a stream, each by itself, by steps such as compressors, one after the other, and decodes them. It
// knows no stream, and no leg beyond its bytes.
//
//	chain.go    the steps that a user asks for, and how the other end is told of them
//	words.go    the same, as words
//	coder.go    a piece goes through all steps, and back         one goroutine each
//	room.go     writing into memory that is not to grow
//	zstd.go, s2.go, gzip.go, bzip2.go   the steps that are built in
//	program.go  and those that are programs
//	auto.go     which of several steps is worth its time
//	span.go     by what is measured for some time
//	choose.go   and what it is worth for a piece
//	crew.go     goroutines that do the work                      as many as CPUs
//
// A Coder has memory of its own, made when it is first needed and used again for each piece. What a piece may become is bounded by its
// caller, whatever the bytes say.
package sidechain

// Command viamillipede is a pipe across the network: what goes into standard input on one host comes out of standard
// output on another, in order, over many TCP connections and several network paths at once. "viamillipede help" and
// viamillipede(1) describe its command line.
//
// The files follow the run: parse (with grammar, values, size and suggest) turns the command line into an invocation;
// help answers questions about it, and examine those about the machine; run, with standard, signals and profile, carries it
// out.
//
// What goes where: standard output carries payload, or the text of help, version, doctor and bench, and nothing else. Every
// other line goes to standard error and begins with "viamillipede".
package main

import "os"

// version is the program's, set with "-ldflags -X main.version=...".
var version = "devel"

func main() { os.Exit(int(program(os.Args[1:]))) }

// Command produce is a producer that a test can kill: it writes a counter stream (see package lab) of the given length in
// bytes to standard output, a pipe. With the word lend it lends pages of its own memory, which it reuses as soon as they
// have left the pipe (vmsplice(2)).
package main

import (
	"context"
	"fmt"
	"os"
	"strconv"

	"viamillipede/engine/enginetest"
	"viamillipede/netio/lab"
)

func main() {
	size, err := strconv.ParseInt(os.Args[1], 10, 64)
	switch {
	case err != nil:
	case len(os.Args) > 2 && os.Args[2] == "lend":
		err = enginetest.LendMemory(os.Stdout, enginetest.Counter(int(size)))
	default:
		err = lab.Feed(context.Background(), os.Stdout, size, lab.NewGate())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "produce:", err)
		os.Exit(1)
	}
}

// Command produce is a producer that a test can kill: it writes a counter stream (see package lab) of so many bytes to its
// standard output.
package main

import (
	"context"
	"fmt"
	"os"
	"strconv"

	"viamillipede/netio/lab"
)

func main() {
	size, err := strconv.ParseInt(os.Args[1], 10, 64)
	if err == nil {
		err = lab.Feed(context.Background(), os.Stdout, size, lab.NewGate())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "produce:", err)
		os.Exit(1)
	}
}

// Command consume is the consumer at the end of a pipe under test: it reads a counter stream (see package lab) from
// standard input and prints its length in bytes. Its exit status is 1 if a byte is wrong or a read fails.
package main

import (
	"context"
	"fmt"
	"os"

	"viamillipede/netio/lab"
)

func main() {
	n, err := lab.Drain(context.Background(), os.Stdin, lab.NewGate())
	if err != nil {
		fmt.Fprintf(os.Stderr, "consume: after %d bytes: %v\n", n, err)
		os.Exit(1)
	}
	fmt.Println(n)
}

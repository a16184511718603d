package main

import "fmt"

func report(o outcome) {
	for _, p := range []*process{o.tx, o.rx} {
		if p == nil {
			continue
		}
		fmt.Printf("\n%s said:\n\n", p.name)
		for _, line := range p.said.lines() {
			fmt.Println("  " + line)
		}
	}
	fmt.Printf("\n  went in   %d bytes, SHA-256 %.16s...\n", o.sent.bytes, o.sent)
	fmt.Printf("  came out  %d bytes, SHA-256 %.16s...  in %.1f s\n", o.came.bytes, o.came, o.took.Seconds())
}

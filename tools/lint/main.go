// Command lint checks the rules of this source tree that gofmt and go vet do not know. It reads the tree in the current
// directory, prints one line for each breach and exits with 1 if there are any.
//
//	unsafe   is imported only by files that end in _unsafe.go or _unsafe_test.go
//	kernel   packages that speak to the kernel are imported by netio, bufpool and affinity only (layers.go)
//	layers   imports point one way; nobody imports tools, cmd and tools alone import bench (layers.go)
//	clocks   constants of the engine that are times are in engine/schedule (engine.go)
//	loop     what the engine waits for with epoll is waited for in engine/loop (engine.go)
//	docs     every package and every exported name of a package has a comment (docs.go)
//	text     nothing is left to be done, and no path of a developer's machine (text.go)
//	sizes    no file has more than 400 lines, no package of the engine more than 2,700 (sizes.go)
//	tour     the package comments of the engine name what there is, and nothing else (tour.go)
//	built    no program lies among its sources
//
// Tests, and folders that serve only tests, must follow just unsafe, text and "nobody imports tools".
package main

import (
	"fmt"
	"os"
)

func main() {
	breaches, err := check(os.DirFS("."))
	if err != nil {
		fmt.Fprintln(os.Stderr, "lint:", err)
		os.Exit(2)
	}
	for _, b := range breaches {
		fmt.Println(b)
	}
	if len(breaches) > 0 {
		os.Exit(1)
	}
}

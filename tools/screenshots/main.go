// Command screenshots draws the picture of "viamillipede top" in README, from a real run: two hosts made of network namespaces, two
// paths between them, one of which goes and comes back, and then both.
//
//	go run ./tools/screenshots [-program bin/viamillipede] [-columns 100] [-rows 16] [-out tools/screenshots/top.svg]
//
//	main.go    the command line
//	run.go     the two hosts, their programs and what happens to them
//	screen.go  the terminal on which top is shown
//	draw.go    what it shows, as SVG
//
// It needs root, and about a minute. No two runs are the same: what the picture shows is true, and not a golden file.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// most bounds a run.
const most = 5 * time.Minute

func main() {
	program := flag.String("program", "bin/viamillipede", "the program")
	columns := flag.Int("columns", 100, "of the terminal")
	rows := flag.Int("rows", 16, "of the terminal")
	out := flag.String("out", "tools/screenshots/top.svg", "the picture")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	if err := picture(ctx, *program, *out, *columns, *rows); err != nil {
		fmt.Fprintln(os.Stderr, "screenshots:", err)
		os.Exit(1)
	}
}

// picture makes one.
func picture(ctx context.Context, program, out string, columns, rows int) error {
	s, err := run(ctx, program, columns, rows)
	if err != nil {
		return err
	}
	return os.WriteFile(out, s.svg(), 0o644)
}

// Command pairs measures a cluster: one "viamillipede bench" from each host to each other one, one after another, so that none
// disturbs another.
//
//	go run ./tools/pairs [-run "ssh {host}"] [-program viamillipede] [-seconds 5] [-svg pairs.svg] HOST...
//
// It prints one table, MB/s from the host of the row to that of the column, with the median of each row and column, and draws a heat map
// of it. A pair that cannot be measured has a dash, a line on standard error says why, and the exit status is 1.
//
// -run is the command that runs a command on a host, {host} being its name; "" runs all here. -rx and -tx are further words for both
// ends, for example "dataport 9000" or "threads 32 sockstats off"; {host} is the host of that end.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"viamillipede/tools/internal/picture"
)

// settings are the command line.
type settings struct {
	run, program, rx, tx string
	port                 int
	seconds              float64
	contact              string // how long the ends of a pair wait for each other, in seconds
	hosts                []string
}

func main() {
	var set settings
	flag.StringVar(&set.run, "run", "ssh {host}", "what runs a command on a host")
	flag.StringVar(&set.program, "program", "viamillipede", "the program on each host")
	flag.StringVar(&set.rx, "rx", "", "further words for the receiving end")
	flag.StringVar(&set.tx, "tx", "", "further words for the sending end")
	flag.IntVar(&set.port, "port", 8834, "the port of the receiving ends; the next one is for the links")
	flag.Float64Var(&set.seconds, "seconds", 5, "how long each pair is measured")
	flag.StringVar(&set.contact, "connect", "30", "how many seconds the ends of a pair wait for each other")
	svg := flag.String("svg", "", "the file of the heat map")
	flag.Parse()
	set.hosts = flag.Args()
	if len(set.hosts) < 2 {
		fmt.Fprintln(os.Stderr, "pairs: expected two hosts or more")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	rates, failed := set.measure(ctx)
	fmt.Print(table(set.hosts, rates))
	if *svg != "" {
		if err := draw(*svg, set.hosts, rates); err != nil {
			fmt.Fprintln(os.Stderr, "pairs:", err)
			os.Exit(1)
		}
	}
	if failed > 0 {
		fmt.Fprintf(os.Stderr, "pairs: %d of %d pairs could not be measured\n", failed, len(set.hosts)*(len(set.hosts)-1))
		os.Exit(1)
	}
}

// draw writes the heat map.
func draw(name string, hosts []string, rates [][]float64) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	if err := picture.Write(f, "svg", picture.Heat("MB/s", "from", "to", hosts, rates)); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

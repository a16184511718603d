// Command queues measures the benefit of running a receiver's loop on the CPU that takes in its packets.
//
//	go run ./tools/queues [-bin bin/viamillipede] [-gib 2] [-rounds 7] [-threads 8]
//
// Two network namespaces are joined by a pair of veth devices with two queues, one for each of two CPUs. Everything that
// arrives at the receiver's device is handled on one of these CPUs (receive packet steering,
// /sys/class/net/DEV/queues/rx-N/rps_cpus), and the receiver's only loop is pinned to that CPU or to the other one (cpus
// N). The sender's loop runs where the kernel puts it (cpus off), as do the producer and the consumer, which are those of
// tools/figures. The four cases take turns within each round. It needs root.
//
// Every child has a time limit and dies with this process, and the namespaces disappear with them.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"viamillipede/affinity"
	"viamillipede/netio/lab"
	"viamillipede/tools/internal/machine"
	"viamillipede/tools/internal/pipeline"
)

// settings are the command line, and the CPUs found.
type settings struct {
	bin     string  // the viamillipede to measure
	self    string  // this program
	gib     float64 // length of a stream
	rounds  int
	threads int // links
	cpus    [queues]int
}

func (s settings) bytes() uint64 { return uint64(s.gib * (1 << 30)) }

func main() {
	pipeline.Main("queues", parse, run)
}

func parse() (settings, error) {
	var set settings
	flag.StringVar(&set.bin, "bin", "bin/viamillipede", "the viamillipede to measure")
	flag.Float64Var(&set.gib, "gib", 2, "length of each stream in GiB")
	flag.IntVar(&set.rounds, "rounds", 7, "rounds; medians of these are printed")
	flag.IntVar(&set.threads, "threads", 8, "links")
	flag.Parse()
	if set.rounds < 1 || set.gib <= 0 || set.threads < 1 || flag.NArg() > 0 {
		return set, errors.New("expected -rounds and -threads of 1 or more, -gib above 0, and no other words")
	}
	var err error
	if set.bin, err = filepath.Abs(set.bin); err != nil {
		return set, err
	}
	if _, err = os.Stat(set.bin); err != nil {
		return set, err
	}
	if set.self, err = os.Executable(); err != nil {
		return set, err
	}
	set.cpus, err = twoCPUs()
	return set, err
}

// twoCPUs are the first two that this process may use.
func twoCPUs() (cpus [queues]int, err error) {
	allowed, err := affinity.Allowed()
	if err == nil && len(allowed) < queues {
		err = fmt.Errorf("%d CPU is allowed, expected %d", len(allowed), queues)
	}
	copy(cpus[:], allowed)
	return cpus, err
}

// run measures round by round and prints everything at the end; progress goes to stderr.
func run(ctx context.Context, set settings) error {
	net, err := build()
	if err != nil {
		return err
	}
	defer net.Close()
	table := newTable(set.cpus)
	header := describe(ctx, set, net.Address(lab.RX, 0))
	began, err := machine.Used()
	if err != nil {
		return err
	}
	for round := range set.rounds {
		for _, c := range table.turn(round) {
			if err := ctx.Err(); err != nil {
				return err
			}
			fmt.Fprintf(os.Stderr, "round %d/%d: packets on CPU %d, loop on CPU %d\n", round+1, set.rounds, c.packets, c.loop)
			s, err := measure(ctx, set, net, *c)
			c.add(s, err)
		}
	}
	now, err := machine.Used()
	if err != nil {
		return err
	}
	fmt.Printf("%s%s\n%s", header, now.Others(began), table.markdown())
	return nil
}

// describe is the header: what was measured, where, and with which commands.
func describe(ctx context.Context, set settings, to string) string {
	rx, tx := commands(set, to, place{})
	return machine.Header() + fmt.Sprintf("- program: %s\n- streams: %g GiB, %d rounds, pipes of 1 MiB, write -> read, veth with %d queues\n"+
		"- sender: `gen | viamillipede %s`\n- receiver: `viamillipede %s | sink`, N the loop's CPU\n",
		machine.Version(ctx, set.bin), set.gib, set.rounds, queues, words(tx), words(rx[:len(rx)-1])+" N")
}

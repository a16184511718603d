// Command delay joins two network namespaces by a long line: a pair of TUN devices with a program between them that holds
// every IP packet for a while. It is for tests on kernels without sch_netem, and for rates and losses that are the same
// in every run. It needs root.
//
//	delay -a /run/netns/one -b /run/netns/two -name p3 -addr-a 198.18.3.1/24 -addr-b 198.18.3.2/24 \
//		-delay 20ms -jitter 2ms -loss 0.01 -rate 12M -queue 1M -for 1m
//
// The settings apply to each direction separately. The delay is one-way: a round trip takes twice as long. A packet first
// waits for the rate, in a queue of -queue bytes, and then travels for the delay; what does not fit into the queue is
// dropped. Losses and jitter come from -seed, so that the same packets have the same fate in every run. k, M and G stand
// for 2^10, 2^20 and 2^30 bytes.
//
// When both devices are up it prints "ready". It ends after -for, on SIGINT and SIGTERM, and with -stdin at the end of
// its standard input, and removes the devices. Then it reports on standard error what became of the packets, one line per
// direction:
//
//	delay: a to b: packets 25031 bytes 37546500 lost 250 dropped 31 refused 0 missed 0
//
// packets and bytes count what arrived; lost packets fell to -loss, dropped ones to the queue; refused ones met a far
// device that was down; missed ones never reached this program because it was too slow.
//
// The files, in the order of a packet's way:
//
//	settings.go  the command line
//	device.go    the TUN devices and their addresses
//	run.go       everything is set up, runs and ends
//	loop.go      the thread that reads, waits and writes
//	way.go       the packets of one direction
//	line.go      what happens to a packet, and when; no clock and no descriptor
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	set, err := parse(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		fmt.Print(usage())
		return
	}
	if err == nil {
		err = joinUntilTheEnd(set)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "delay:", err)
		os.Exit(1)
	}
}

func joinUntilTheEnd(set settings) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, set.life)
	defer cancel()
	if set.stdin {
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			cancel()
		}()
	}
	counts, err := run(ctx, set, func() { fmt.Println("ready") })
	if err != nil {
		return err
	}
	fmt.Fprintln(os.Stderr, "delay: a to b:", counts[0])
	fmt.Fprintln(os.Stderr, "delay: b to a:", counts[1])
	return nil
}

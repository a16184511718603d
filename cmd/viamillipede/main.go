// Command viamillipede is a pipe across the network: what goes into standard input on one host comes out of standard
// output on another, in order, over many TCP connections and several network paths at once. "viamillipede help" and
// viamillipede(1) describe its command line.
//
// The files follow the run: parse (with grammar, values, hosts, size and suggest) turns the command line into an invocation;
// help, with chapters and completion, answers questions about it, and examine those about the machine; run, with standard, signals
// and profile, carries it out, with staying and taking where it is to serve many, and keep, folder, direction, filing, execution,
// console and connection say between which ends; ssh and meet start the other one. say, telling, sight and watch have what users and
// programs see of it; controlled, with tuning, wish and benchsides, lets others ask and steer it; remote and top ask others.
//
// What goes where: standard output carries payload, or the text of help, version, completion, doctor, bench, lanes, keygen, status and top,
// and nothing else.
// Every other line goes to standard error and begins with "viamillipede"; nothing waits for it to be read there.
package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"viamillipede/cmd/viamillipede/internal/child"
	"viamillipede/cmd/viamillipede/internal/means"
	"viamillipede/engine"
)

// version is the program's, set with "-ldflags -X main.version=...".
var version = "devel"

// lastWords bounds how long the program waits at its end for standard error to take what was said.
const lastWords = 500 * time.Millisecond

func main() {
	child.Keep()                          // first: a keeper is no viamillipede
	if err := means.Begin(); err != nil { // not by way of stderr, which has a timer
		_, _ = syscall.Write(syscall.Stderr, fmt.Appendf(nil, "viamillipede: %v\n", err))
		os.Exit(int(engine.ExitStatus(err)))
	}
	// In the background of a terminal with "stty tostop" a line on standard error would stop the whole program. While the
	// signal is ignored, the line is written (termios(3), tty_ioctl(4)).
	signal.Ignore(syscall.SIGTTOU)
	exit(int(program(os.Args[1:])))
}

// exit ends the program once what it has said is written, or lastWords have passed.
func exit(status int) {
	theConsole.close()
	if c := theControl.Load(); c != nil {
		c.end(engine.Status(status))
	}
	if g := inSight.Load(); g != nil {
		g.exit(engine.Status(status))
	}
	stderr.Voice().Foot("")
	stderr.Flush(lastWords)
	os.Exit(status)
}

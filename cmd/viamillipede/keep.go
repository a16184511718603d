package main

import (
	"fmt"
	"runtime"
	"strconv"
	"strings"

	"viamillipede/engine"
	machine "viamillipede/netio/host"
)

// Bounds of keep, in streams, or pairs of them, at the same time.
const (
	keepInitial = 16
	keepMost    = 1024
)

// kept are the keywords of an end that stays.
func kept() []keyword {
	count := number("N", 1, keepMost, func(inv *invocation, n int64) { inv.keep = int(n) })
	count.optional = looksLikeNumber
	return []keyword{{
		name: keepWord, far: true, initial: strconv.Itoa(keepInitial),
		args: []argument{count},
		set: func(inv *invocation) {
			if inv.keep == 0 {
				inv.keep = keepInitial
			}
		},
		gist: "serve one stream after another, N at a time",
		more: `
For an end that listens. Each stream has an end of its own: exec runs its COMMAND for
each, file DIR/ gives each a file there, called as the sender's name says, initiate makes
a connection for each, and prbs checks each. terminate with keep, where it dials, takes N
connections at a time, and dials for each, over 2 links unless threads says how many.
Standard input and output are refused. With rx and tx on the same port each peer has to
do both too, and one program, or connection, serves both directions. A stream that fails
is reported and costs the others nothing.
When N are there, others wait: they are told so, and are served in the order in which
they came, as long as their connect allows. Whoever brings nothing for 3 s gives way to
those that wait. The windows of all N are said at the start, and more than the memory
there is refused; without window each gets a share.
SIGTERM or SIGINT: no more are served, those that are there end by themselves; a second
one stops them. Then it exits with 0, or with the status of the first that failed
meanwhile.
The name for file DIR/ is one name without "/" that does not begin with a dot. A file of
that name is replaced when the new one is whole; while one is being received, a second
stream of that name is refused.`,
	}}
}

// keepWord is the keyword of an end that stays.
const keepWord = "keep"

// notKept are the keywords that an end that stays has no use for, each with the reason.
var notKept = []struct{ name, why string }{
	{"connect", "it waits for its peers for as long as it takes"},
	{jsonWord, "its summary is of one stream"},
	{"resume", "what an earlier run has left is not looked for"},
}

// completeKeep checks what belongs together where an end stays.
func (p *parser) completeKeep() error {
	inv := p.inv
	if inv.keep == 0 {
		return nil
	}
	if inv.connection.word == terminateWord {
		return p.completeTaking()
	}
	for _, d := range []*direction{&inv.rx, &inv.tx} {
		if d.said() && d.listens == 0 {
			return usageError("keep: expected ends that listen: rx or tx with a port, or both with the same")
		}
	}
	if inv.twoPorts() {
		return usageError("keep: rx and tx have to listen on the same port")
	}
	for _, k := range notKept {
		if p.seen[k.name] {
			return usageError("%s: cannot be used with keep: %s", k.name, k.why)
		}
	}
	inv.keepsFolder = inv.rx.said() && strings.HasSuffix(inv.filing.sink, "/")
	switch {
	case inv.rx.said() && inv.filing.sink != "" && !inv.keepsFolder:
		return usageError("file: with keep, expected a folder and a slash (DIR/), in which each stream gets a file, found %q", inv.filing.sink)
	case inv.rx.said() && inv.filing.sink == "" && !inv.exec.reads && !inv.connection.reads && !inv.options.PRBS:
		return usageError("keep: standard output is for one stream: expected exec COMMAND, file DIR/, initiate HOST PORT or prbs SEED")
	case inv.tx.said() && inv.filing.source == "" && !inv.exec.writes && !inv.connection.writes && !inv.options.PRBS:
		return usageError("keep: standard input is for one stream: expected exec COMMAND, file PATH, initiate HOST PORT or prbs SEED")
	}
	return nil
}

// takingLinks is how many links a stream has at an end that takes many connections, if the user does not say: most of them do little.
const takingLinks = 2

// completeTaking is completeKeep for terminate: it dials for each connection.
func (p *parser) completeTaking() error {
	inv := p.inv
	for _, k := range notKept {
		if p.seen[k.name] && k.name != "connect" {
			return usageError("%s: cannot be used with keep: %s", k.name, k.why)
		}
	}
	switch {
	case inv.listening() != nil:
		return usageError("keep: terminate expects hosts to dial (rx HOST, tx HOST or both), since streams are dialled for each connection")
	case inv.filing.source != "" || inv.filing.sink != "":
		return usageError("keep: a file is for one stream, and terminate takes many connections")
	case !p.seen["threads"]:
		inv.options.Threads = max(takingLinks, len(inv.rx.paths), len(inv.tx.paths))
	}
	return nil
}

// shareMachine divides the machine among all ends that there may be at the same time: it gives each a window, where the user has given
// none, and its share of the CPUs, and leaves it to the kernel where its threads run. An error is an *engine.Error: together they do not fit.
func (inv *invocation) shareMachine() error {
	o, ends := &inv.options, int64(inv.ends())
	fits := machine.MachineMemory() / ends
	if m := o.Means.Memory; m > 0 {
		fits = min(fits, m)
	}
	if o.Window == 0 {
		o.Window = max(engine.MinWindow, min(o.Means.Window(), fits/2>>20<<20))
	}
	if o.Window > fits {
		return &engine.Error{Status: engine.StatusLocalPipe, Reason: fmt.Sprintf(
			"keep %d: %d windows of %s are %s, and there is memory for %s: expected fewer streams, or a smaller window",
			inv.keep, ends, sizeText(o.Window), amount(o.Window*ends), amount(fits*ends))}
	}
	if o.SockStats = false; inv.keep > 1 && o.CPUs == nil {
		o.Pin = false
	}
	o.Threads = min(o.Threads, max(1, runtime.GOMAXPROCS(0)/inv.keep)) // of those that move bytes: how many links there are is the peer's to say
	return nil
}

// amount is a number of bytes, in whole units.
func amount(n int64) string {
	if n >= 10<<30 {
		return fmt.Sprintf("%dG", n>>30)
	}
	return fmt.Sprintf("%dM", n>>20)
}

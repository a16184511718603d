package main

import (
	"net/netip"
	"slices"
	"strconv"
	"time"

	"viamillipede/engine"
	"viamillipede/engine/observe"
	"viamillipede/engine/schedule"
)

// Limits of keywords that the engine does not know.
const (
	mostChaos    = 1e9 // leg operations
	mostLegLimit = 1e9 // legs
	mostDelay    = 1e9 // microseconds, a quarter of an hour

	leastRate = 64 << 10 // bytes a second: less cannot keep a link alive
	mostRate  = 1 << 40
)

// choices of the keywords that take one of a few words.
var (
	ioChoices     = []string{"auto", "copy", "splice"}
	switchChoices = []string{"on", "off"}
	earlyChoices  = []string{"ok"}
)

// grammar returns every keyword, in the order of the help text.
func grammar() []keyword {
	return slices.Concat(ends(), ofPath(), filed(), executed(), connected(), chained(), kept(), throughSSH(), spoken(), original(), keyWords(), ours(), awaited(), reporting(), shown(), told(), scraped(), steered(), logged(), paced(), questions())
}

// ends are the keywords that say what to do.
func ends() []keyword {
	rx := &whereTo{word: "rx", of: func(inv *invocation) *direction { return &inv.rx }}
	tx := &whereTo{word: "tx", of: func(inv *invocation) *direction { return &inv.tx }}
	return []keyword{
		{
			name: "rx", initial: strconv.Itoa(engine.DefaultPort),
			many: true,
			args: []argument{rx.where(grammar), rx.port()},
			set: func(inv *invocation) {
				inv.filing.near, inv.chains.near, inv.far.peer.near = &inv.filing.sink, &inv.chains.rx, &inv.far.peer.tx
				rx.end(inv)
			},
			gist: "receive one stream and write it to standard output",
			more: `
With a PORT, or without anything, it listens on every local address (see bind), serves
one stream and exits. Anyone else who connects meanwhile is refused. For port 0 the
kernel chooses one, and a line says which; see also ready. With a HOST it dials
a sender that listens there (tx PORT); repeat for more paths, which are as those of tx.
Exactly one end of a stream dials. "rx PORT tx PORT" on one host and
"rx HOST PORT tx HOST PORT" on the other are a stream in each direction through one port.`,
		},
		{
			name: "tx", many: true, initial: strconv.Itoa(engine.DefaultPort),
			args: []argument{tx.where(unlessPassed()), tx.port()},
			set: func(inv *invocation) {
				inv.filing.near, inv.chains.near, inv.far.peer.near = &inv.filing.source, &inv.chains.tx, &inv.far.peer.rx
				tx.end(inv)
			},
			gist: "send standard input to HOST; repeat for more paths",
			more: `
With a PORT alone it listens there, and waits for a receiver that dials (rx HOST PORT).
Each tx with a HOST is one path, in your order of preference: the next path carries load only
when there is more input than those before it can carry. An IPv6 address may stand
in [brackets]. Where PORT is left out, the tx before gives it, or else the next one
that has it. A name with several addresses is one path, which works while one of them
does. The keywords via, rate, spill and sports after a tx or an rx are about that path.`,
		},
	}
}

// ofPath are the keywords that say more about the path of the tx or rx before them.
func ofPath() []keyword {
	return []keyword{
		{
			name: "via", ofPath: true,
			args: []argument{source(func(inv *invocation, v engine.Via) { inv.lastPath().Via = v })},
			gist: "the device or local address that the path's links leave by",
			more: `
Two paths may lead to one HOST by different devices. For its path it replaces bind.
While the device or the address is not there, the path is down, and is tried again like
any other. A device needs Linux 5.7, or CAP_NET_RAW.`,
		},
		{
			name: "rate", ofPath: true,
			args: []argument{size(leastRate, mostRate, 1, func(inv *invocation, n int64) { inv.lastPath().Rate = uint64(n) })},
			gist: "the most that the path's links send together, in bytes a second",
			more: `
The links that are up on the path share it. The kernel paces them. A path has no more
links than can have 64K each.`,
		},
		{
			name: "spill", ofPath: true, initial: strconv.Itoa(int(schedule.DefaultSpill.Milliseconds())),
			args: []argument{spill(func(inv *invocation, d time.Duration) { inv.lastPath().Spill = d })},
			gist: "help the paths before it only when they fall this far behind",
			more: `
Milliseconds that the paths before it would take for what waits. They carry a burst
that takes them less alone, and stay full when they need help. 0 lets the path help as
soon as they are busy. With never it is used only while all of them are down. When one
of them fails it is replaced at once, and a leg that is late may go by any path.
For the first path it has no meaning.`,
		},
		{
			name: "sports", ofPath: true,
			args: []argument{sports()},
			gist: "the source ports of the path's links, which decide their lanes",
			more: `
The lane of a LAG, or the one of several equal routes, that a link takes is chosen by a
hash of its addresses and ports. A link has the port at its place in the list, after a
redial too; ports after those of all links are spare, for one that somebody else has
taken. The path has no more links than ports. With balanced the end that dials finds ports that
fill all lanes evenly: by the formula of a bond, or by asking the kernel which of equal
routes (ECMP) a connection takes. Nothing is sent for that. Where it cannot tell, the
kernel chooses the ports as usual, and a line says why; "viamillipede lanes" measures,
and proposes a list. What switches on the way choose is not known.`,
		},
	}
}

// original are the options known since the first viamillipede.
func original() []keyword {
	return []keyword{
		{
			name: "threads", far: true, initial: strconv.Itoa(engine.DefaultThreads),
			args: []argument{numberOrAuto("N|auto", 1, engine.MaxThreads, func(inv *invocation, n int64) {
				if inv.options.Auto = n == 0; !inv.options.Auto {
					inv.options.Threads = int(n)
				}
			})},
			gist: "links (TCP connections), spread over the paths",
			more: `
Earlier paths get one more where the number does not divide evenly; every path has
one. auto begins with one link on each path and adds more, up to 32, as long as that
makes the stream faster; verbose 3 shows what was tried.`,
		},
		{
			name: "verbose", far: true, initial: "0",
			args: []argument{number("N", 0, int64(observe.LevelCalls), func(inv *invocation, n int64) { inv.verbose = int(n) })},
			gist: "how much to say on standard error, 0 to 20",
		},
		{
			name: "checksum", alias: []string{"checksums"}, far: true,
			gist: "guard each leg's payload with a CRC32C",
			more: `
For tx; rx checks it before a byte of the leg is written out. TCP's own checksum has
16 bits; frame headers always have a checksum of their own.`,
			set: func(inv *invocation) { inv.options.Checksum = true },
		},
		{
			name: "chaos", far: true,
			args: []argument{number("N", 1, mostChaos, func(inv *invocation, n int64) { inv.options.Chaos = int(n) })},
			gist: "cut the link in use after every N leg operations",
			more: `
For tx. A deterministic test: nothing may be lost. The cuts are counted and reported.`,
		},
		{
			name: "checkphrase", far: true,
			args: []argument{phrase(func(inv *invocation, p [4]byte) { inv.options.Phrase = p })},
			gist: "4 bytes that must be the same on both sides",
			more: `
It keeps streams from the wrong receiver. It is not secret: it travels in the clear.`,
		},
		{
			name: "charmode", far: true,
			gist: "send every read of standard input by itself",
			more: `
Nothing is gathered, even while links are busy: for keystrokes and other dialogue.`,
			set: func(inv *invocation) { inv.options.Charmode = true },
		},
		{
			name: "prbs", far: true,
			args: []argument{seed(func(inv *invocation, n uint64) { inv.options.PRBS, inv.options.Seed = true, n })},
			gist: "a test stream made from SEED, checked at its other end",
			more: `
At tx the stream is made there, and standard input is not touched; it ends with
leglimit, or never. At rx every leg is checked before a byte of it is written out.
Give both the same SEED. Any damage ends both with status 4, and a line says where, and
what has happened: a bit flipped, legs swapped, repeated or lost. It is a test pattern
and not cryptography.`,
		},
		{
			name: "leglimit", far: true,
			args: []argument{number("N", 1, mostLegLimit, func(inv *invocation, n int64) { inv.options.LegLimit = n })},
			gist: "end the stream after N legs",
			more: `
For tx. The number of bytes in a leg depends on leg and on the links. What standard
input has beyond that is left there; a program of exec is ended, and its exit status does
not count.`,
		},
		{
			name: "delayus", far: true,
			args: []argument{number("N", 0, mostDelay, func(inv *invocation, n int64) {
				inv.options.Delay = time.Duration(n) * time.Microsecond
			})},
			gist: "wait at least N microseconds between two legs",
			more: `
For tx.`,
		},
	}
}

// ours are the options that came with the second wire version.
func ours() []keyword {
	return append(amounts(), choosing()...)
}

// amounts are the options that take sizes and times.
func amounts() []keyword {
	return []keyword{
		{
			name: "window", far: true, initial: sizeText(engine.DefaultWindow),
			args: []argument{size(engine.MinWindow, engine.MaxWindow, 1, func(inv *invocation, n int64) {
				inv.options.Window = n
			})},
			gist: "limit on the memory for payload on this side",
			more: `
It should hold what the paths have in flight (rate times round trip) and what comes in
while the slowest link catches up. The default is never more than an eighth of the
memory of the machine, or of what a container (control group) leaves; a size that does
not fit there is cut.`,
		},
		{
			name: "leg", far: true, initial: sizeText(engine.DefaultLeg) + " for tx, " + sizeText(engine.MaxLeg) + " for rx",
			args: []argument{size(engine.MinLeg, engine.MaxLeg, engine.MinLeg, func(inv *invocation, n int64) {
				inv.options.Leg = int(n)
			})},
			gist: "the largest leg, a multiple of 4K",
			more: `
A leg is one numbered piece of the stream, sent over one link. It leaves as soon as
there are bytes and an idle link, so it is often smaller. At rx, it bounds the legs
that a sender may use. With sidechain and one path, the default for tx is 4M.`,
		},
		{
			name: "early", far: true,
			args: []argument{choice(earlyChoices, func(inv *invocation, _ string) { inv.options.Early = true })},
			gist: "let the consumer stop before the end",
			more: `
For rx. Otherwise a consumer that goes away with a part of the stream unread, in its
pipe or still to come, makes the stream fail at both ends (6 at rx, 7 at tx). With early ok
both exit with 0 then, and a line says how much it left.`,
		},
		{
			name: "giveup", far: true, initial: secondsText(engine.DefaultGiveup),
			args: []argument{seconds("for ever", func(inv *invocation, d time.Duration) { inv.options.Giveup = orForever(d) })},
			gist: "fail when nothing gets through for this long; 0: never",
			more: `
It counts from when payload last moved while it had to: a source with nothing to send
and a consumer that takes nothing do not count. Where you give it, it is the whole of
your patience, and dead is off unless you give that too.`,
		},
		{
			name: "dead", far: true, initial: secondsText(engine.DefaultDead),
			args: []argument{seconds("to turn it off", func(inv *invocation, d time.Duration) { inv.options.Dead = orForever(d) })},
			gist: "fail when the peer has been gone for this long; 0: off",
			more: `
Off where giveup is given and this is not. To the end that dials the peer is dead when
no link is up and, for so long without a break, every path that answers at all refuses,
among them one that led to this peer; to the end that listens, when its links were
ended without a word and none has come for so long. Silence proves nothing, and neither
does a connection that is accepted and then closed, as by a tunnel that restarts:
both are waited out, up to giveup.`,
		},
		{
			name: "connect", initial: secondsText(engine.DefaultConnect) + ", none where it listens",
			args: []argument{seconds("", func(inv *invocation, d time.Duration) { inv.options.Connect = d })},
			gist: "fail when first contact takes longer",
		},
	}
}

// choosing are the options that choose between ways to do the same.
func choosing() []keyword {
	return []keyword{
		{
			name: "bind",
			args: []argument{address(func(inv *invocation, a netip.Addr) { inv.options.Bind = a })},
			gist: "the local address to listen on, or that links are dialled from",
			more: `
Where it is not there yet, or its device is not, both wait for it, as long as connect
says. A link-local address needs its device, as in fe80::1%eth0.`,
		},
		{
			name: "congestion", far: true, initial: "auto",
			args: []argument{congestion(func(inv *invocation, name string) { inv.options.Congestion = name })},
			gist: "TCP congestion control of the links",
			more: `
system leaves the kernel's default alone; auto leaves it too, but not where its
pacing would hold back a short path; a name is one that the kernel has loaded.`,
		},
		{
			name: "io", far: true, initial: "auto",
			args: []argument{choice(ioChoices, func(inv *invocation, way string) { inv.options.IO = way })},
			gist: "how payload moves between pipes, files and sockets",
			more: `
auto moves it without copying wherever that is safe: from and to files, into pipes,
and from a pipe whose pages are proven to be the kernel's own, which needs CAP_BPF
and CAP_PERFMON. copy always copies. With splice you answer for the producer: it never
changes a page that it has handed over, as one that uses vmsplice may; then nothing
needs to be proven. The final summary says how the bytes moved, and why.`,
		},
		{
			name: "cpus", initial: "auto",
			args: []argument{cpus()},
			gist: "CPUs to pin to, such as 0-3,8; off pins nothing",
			more: `
auto takes CPUs that handle the interrupts of the stream's network card, or else those
of its NUMA node. A receiver takes each link on the CPU of these that is nearest to
where its packets come in, and moves it when they do. The status table (SIGUSR1) shows
where links are.`,
		},
		{
			name: "sockstats", far: true, initial: "on",
			args: []argument{choice(switchChoices, func(inv *invocation, way string) { inv.options.SockStats = way == "on" })},
			gist: "have the kernel keep counts for each link (eBPF)",
			more: `
The status table then shows for each link where its packets came in (device, receive
queue, flow hash) and in what pieces, and its round trips, retransmits and timeouts.
It needs CAP_BPF and CAP_NET_ADMIN; without them nothing else changes, and verbose 3
says so. A sender starts it a few milliseconds after its first link is up.`,
		},
		{
			name: "profile",
			args: []argument{
				profileWord(func(inv *invocation, kind string) { inv.profile = kind }),
				folder(func(inv *invocation, dir string) { inv.profileDir = dir }),
			},
			gist: "write a Go profile of this program into DIR",
			more: `
The file is KIND.pprof for "go tool pprof", or trace.out for "go tool trace"; of mem, allocs
and heap it is mem.pprof, and of threads threadcreation.pprof. It is complete whenever the
program ends by itself or by a signal that it handles. clock shows where time is spent,
busy or waiting. mem, heap and goroutine show what is there when a signal stops the
program, or else at its end; mem is heap.`,
		},
	}
}

// benchWord begins the command line of a measurement.
const benchWord = "bench"

// topics are the keywords that help can say more about.
func topics() []keyword { return slices.Concat(grammar(), benchWords()) }

const jsonWord = "json"

package main

// questions are the keywords that print on standard output and do nothing else.
func questions() []keyword {
	return append([]keyword{
		{
			name: "help", alias: []string{"-h", "--help"},
			args: []argument{topic()},
			set:  func(inv *invocation) { inv.question = "help" },
			gist: "one screen, or more about one KEYWORD or chapter; all: all of it",
		},
		versionWord(),
		completionWord(),
		keygenWord(),
		{
			name: "doctor",
			args: []argument{patient(), forPrograms()},
			set:  func(inv *invocation) { inv.question = "doctor" },
			gist: "what this machine has, and what to change for speed",
			more: `
One line for each thing that was examined, on the way to HOST or along the default
route: ok; slow (it works, but could be faster); off (switched off, or not permitted
to you); missing (not there, or not known). Where something can be done, the line ends
with the command that does it, after an arrow. Nothing is changed, and nothing is
sent to HOST. Run it as the user who runs the stream. The exit status is 0 whatever
was found.`,
		},
		{
			name: benchWord, first: true, own: benchHelp, args: []argument{choice(benchKinds, func(*invocation, string) {})},
			gist: "measure streams: on this host, or from one host to another",
			more: `
The first word of its line; the options of a stream follow, and keywords of its own:
seconds, warmup, rounds, sweep, pipes, dataport, json, gobench and events. local runs both ends
on this host, in two processes. rx serves benches on PORT, one after another, until
it is stopped, and serve has those who come meanwhile wait for their turn; tx asks for
rounds. Each end measures the rate, its CPU time and what
its links do, tells the other, and prints both on standard output. rx is told the
options of its sender that it has to know: threads, window, io, congestion, sockstats
and prbs, except those that its own line gives. connect at rx is how long it waits for
the next bench. diff compares the results in two files ("viamillipede help diff").`,
		},
		{
			name: lanesWord, first: true,
			args: []argument{{name: "rx|tx", want: "rx or tx, with keywords of their own"}},
			gist: "which flow takes which lane of a LAG or of equal routes",
			more: `
"viamillipede lanes rx [PORT]" on one host and "viamillipede lanes tx HOST [PORT]" on the
other. tx opens flows, has each send a burst while the others are silent, and finds by
the devices' counts which lane it takes: a member of a bond or a team, or the device
of one of several equal routes. rx reports the device and queue that it came in by.
Then each lane is loaded alone for 0.6 s, and all at once for 5 s, as fast as they can.
The report, on standard output, says which flow took which lane, how even that is, how
well a prediction held, and source ports that fill all lanes. Use the port of the
stream: it is part of the hash.
`,
			own: lanesHelp,
		},
	}, remote()...)
}

func versionWord() keyword {
	return keyword{
		name: "version", alias: []string{"--version"},
		set:  func(inv *invocation) { inv.question = "version" },
		gist: "the versions of the program and of its wire format",
	}
}

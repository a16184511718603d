package main

import (
	"cmp"
	"context"
	"io"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"viamillipede/bench/run"
	"viamillipede/cmd/viamillipede/internal/events"
	"viamillipede/cmd/viamillipede/internal/words"
	"viamillipede/engine"
	"viamillipede/engine/observe"
)

// benchmark is what a command line that begins with bench asks for.
type benchmark struct {
	run.Config
	kind   string // one of benchKinds
	sweeps []sweep
	one    bool // rx serves the one connection that is standard input

	given map[string][]string // the words of each keyword that was given, with those of the last one where it may be repeated
}

// parseBench reads the words after bench. The errors are those of parse.
func parseBench(words []string) (*invocation, error) {
	if len(words) == 0 {
		return nil, usageError("bench: expected %s, found the end of the line", choice(benchKinds, nil).want)
	}
	kind := words[0]
	if !slices.Contains(benchKinds, kind) {
		return nil, usageError("bench: expected %s, found %q%s", choice(benchKinds, nil).want, kind, suggest(kind, benchKinds))
	}
	if kind == benchDiff {
		return parseDiff(words[1:])
	}
	if kind == benchLocal {
		words = words[1:]
	}
	inv := defaults()
	inv.bench = &benchmark{kind: kind, given: map[string][]string{}}
	inv.bench.Length = run.DefaultLength
	p := &parser{rest: words, table: benchTable(kind), seen: map[string]bool{}, inv: inv, lists: helpLists}
	for len(p.rest) > 0 {
		before := p.rest
		if slices.Contains(elsewhere[kind], before[0]) {
			return nil, usageError("%s: not a keyword of bench %s", before[0], kind)
		}
		k, err := p.keyword()
		if err != nil {
			return nil, err
		}
		inv.bench.given[k.name] = before[1 : len(before)-len(p.rest)]
	}
	p.patience()
	inv.given = append([]events.Setting{{Word: benchWord, Args: []string{kind}, Given: true}}, p.given...)
	return inv, inv.completeBench()
}

// completeBench fills in what was left out and checks what no keyword can check alone.
func (inv *invocation) completeBench() error {
	b := inv.bench
	if b.Pipes && inv.options.PRBS {
		return usageError("pipes: cannot be combined with prbs, whose stream does not come from a pipe")
	}
	if b.Pipes && b.Both {
		return usageError("pipes: cannot be combined with bidir")
	}
	serves := (b.kind == benchRx || b.kind == benchServe) && !b.one
	b.Queue = b.kind == benchServe
	if b.kind == benchLocal {
		inv.tx.paths = []engine.Path{{Host: localHost(inv.options.Bind).String()}}
	}
	if err := inv.tx.complete("tx", inv.options.Bind); err != nil {
		return err
	}
	b.Port = cmp.Or(inv.rx.port, engine.DefaultPort)
	if serves && b.DataPort == 0 {
		if b.Port == 65535 {
			return usageError("dataport: must be given, since no port follows 65535")
		}
		b.DataPort = b.Port + 1
	}
	if serves && b.DataPort == b.Port {
		return usageError("dataport: expected a port other than the control port, found %d", b.DataPort)
	}
	if b.JSON != "" && b.JSON == b.Bench {
		return usageError("gobench: expected a file other than that of json, found %q", b.Bench)
	}
	if inv.telling.events == "-" && (b.JSON == "-" || b.Bench == "-") {
		return usageError("events: expected a place other than that of json and gobench, found \"-\"")
	}
	b.Serve = b.Rounds
	if b.Rounds == 0 {
		b.Rounds = run.DefaultRounds
	}
	return inv.combine()
}

// localHost is where both ends of a local bench are.
func localHost(bind netip.Addr) netip.Addr {
	if bind.IsValid() {
		return bind
	}
	return netip.AddrFrom4([4]byte{127, 0, 0, 1})
}

// combine makes a variant for each combination of what is swept.
func (inv *invocation) combine() error {
	b := inv.bench
	b.Variants = []run.Variant{{Options: inv.options, Paths: inv.tx.paths}}
	for i, s := range b.sweeps {
		if _, set := b.given[s.word]; set {
			return usageError("sweep: %s is also given by itself", s.word)
		}
		if slices.ContainsFunc(b.sweeps[:i], func(o sweep) bool { return o.word == s.word }) {
			return usageError("sweep: %s is swept twice", s.word)
		}
		var all []run.Variant
		for _, v := range b.Variants {
			for _, value := range s.values {
				one := &invocation{options: v.Options}
				s.apply(one, value)
				settings := append(slices.Clone(v.Settings), run.Setting{Word: s.word, Value: value})
				all = append(all, run.Variant{Settings: settings, Options: one.options, Paths: v.Paths})
			}
		}
		if b.Variants = all; len(all) > run.MaxVariants {
			return usageError("sweep: expected at most %d configurations, found %d", run.MaxVariants, len(all))
		}
	}
	for _, v := range b.Variants {
		if err := checkLeg(v.Options); err != nil {
			return err
		}
	}
	return nil
}

// runBench measures.
func (inv *invocation) runBench() engine.Status {
	if err := inv.readKey(); err != nil {
		return failed(ownPrefix, err)
	}
	tell, err := inv.tellOfBench()
	if err != nil {
		return failed(ownPrefix, err)
	}
	shows, err := inv.controlBench()
	if err != nil {
		return failed(ownPrefix, err)
	}
	ends := 1
	if inv.bench.kind == benchLocal {
		ends = 2 // in two processes, which share what a control group has
	}
	if err := inv.provide(ends); err != nil {
		return failed(ownPrefix, err)
	}
	for i := range inv.bench.Variants {
		inv.bench.Variants[i].Options.Means = inv.options.Means
		inv.bench.Variants[i].Options.Key = inv.options.Key
	}
	profile, err := startProfile(inv.profile, inv.profileDir)
	if err != nil {
		return failed(ownPrefix, err)
	}
	defer profile.Stop()
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	defer watchSignals(nobody, stopping(profile.told(cancel)), profile.Stop)()
	defer profile.Stop() // see run
	out := &keeping{w: inv.reportOut()}
	measure, c := inv.measurement(out)
	c.Witness, c.Streams = tell, shows
	err = measure(ctx, c)
	if err == nil && out.err != nil {
		err = localPipe("standard output", out.err)
	}
	if err != nil {
		return failed(ownPrefix, causeOf(ctx, err))
	}
	return engine.StatusDone
}

// measurement is what is to be run, and with what.
func (inv *invocation) measurement(out io.Writer) (func(context.Context, run.Config) error, run.Config) {
	b := inv.bench
	c := b.Config
	c.Version, c.Options, c.Paths, c.Verbose, c.Out, c.Err = version, inv.options, inv.tx.paths, inv.verbose, out, stderr
	c.Words = run.Words{EnginePath: words.EnginePath, Observer: func(prefix string) observe.Observer {
		return words.NewLog(stderr, prefix, observe.Level(inv.verbose))
	}}
	c.Settings = b.settings()
	has := func(word string) bool { return b.given[word] != nil }
	c.Own = run.Own{
		Threads: has("threads"), Window: has("window"), IO: has("io"), Congestion: has("congestion"), SockStats: has("sockstats"),
	}
	c.Wait = inv.options.Connect
	c.Peer = b.peerWords(localHost(inv.options.Bind))
	switch {
	case b.kind == benchLocal:
		return run.Local, c
	case b.kind == benchTx:
		return run.Send, c
	case b.one:
		return run.ServeOne, c
	}
	return run.Serve, c
}

// peerWords are the options for the receiving process of a local bench: those that it is not told of for each round.
func (b *benchmark) peerWords(host netip.Addr) []string {
	line := []string{"bind", host.String()}
	for _, name := range []string{"cpus", "checkphrase", "giveup", "dead", "connect", "dataport", "leg", "verbose"} {
		if args, ok := b.given[name]; ok {
			line = append(append(line, name), args...)
		}
	}
	return line
}

// outsideBench are keywords that say nothing of how a round is made.
var outsideBench = []string{"sweep", "json", "gobench", "events", "control"}

// settings are all settings that hold for every round: those that were given, and the defaults of the others.
func (b *benchmark) settings() map[string]string {
	all := map[string]string{"bench": b.kind}
	for _, k := range benchTable(b.kind) {
		switch {
		case slices.Contains(outsideBench, k.name) || k.many && b.given[k.name] == nil:
		case k.initial != "":
			all[k.name] = k.initial
		case len(k.args) == 0:
			all[k.name] = "off"
		}
	}
	for name, args := range b.given {
		if slices.Contains(outsideBench, name) {
			continue
		}
		all[name] = strings.Join(args, " ")
		if len(args) == 0 {
			all[name] = "on"
		}
	}
	for _, s := range b.sweeps {
		all[s.word] = "swept: " + strings.Join(s.values, ",")
	}
	maps.DeleteFunc(all, func(_, value string) bool { return value == "" })
	return all
}

// keeping is a writer that keeps its first error.
type keeping struct {
	w   io.Writer
	err error
}

// Write writes nothing after an error.
func (k *keeping) Write(p []byte) (int, error) {
	if k.err != nil {
		return 0, k.err
	}
	n, err := k.w.Write(p)
	k.err = err
	return n, err
}

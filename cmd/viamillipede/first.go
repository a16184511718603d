package main

import (
	"viamillipede/engine"
	"viamillipede/engine/wire"
	"viamillipede/engine/wire1"
)

// wireWord is the keyword that chooses a version of the wire.
const wireWord = "wire"

// spoken is that keyword.
func spoken() []keyword {
	return []keyword{{
		name: wireWord, initial: "2",
		args: []argument{number("N", 1, int64(wire.Version), func(inv *invocation, n int64) { inv.wire = int(n) })},
		gist: "the version of the wire that tx speaks; 1: the original's",
		more: `
For tx; rx knows both by their first bytes. With wire 1 tx sends to the original, in C:
checkphrase is "yoes" where none is given, checksum is the original's and covers the
first 8 bytes of a leg, threads is at most 16, a leg at most 2M. The receiver
acknowledges nothing: status 0 means that its kernel has everything, and a lost link
ends the stream (5). All links have to be up within connect. The original itself ends
when a leg is missing for 3 s, or its consumer stands still for as long. With checksum,
the last 8 bytes wait for those after them, or for the end. With wire 1 tx has to dial,
and it has no charmode, chaos, delayus, initiate, key, leglimit, limit, name, prbs, rate,
resume, sidechain, spill, sports, terminate and threads auto.`,
	}}
}

// speaksFirst reports whether tx speaks version 1.
func (inv *invocation) speaksFirst() bool { return inv.wire == 1 }

// notFirst are the keywords that tx cannot keep in version 1, each with the reason.
var notFirst = []struct{ name, why string }{
	{"charmode", "its receiver is told nothing of a read"},
	{"chaos", "a link that is cut ends the stream"},
	{"delayus", "it has no pace"},
	{initiateWord, "it has no word for a connection that fails"},
	{"key", "it has no seal, and all would leave in the clear"},
	{"limit", "it has no pace"},
	{"leglimit", "it has no legs to count on: they are as the source gives them"},
	{"name", "it carries none"},
	{"prbs", "its test stream is another one"},
	{"resume", "its receiver cannot say what it has"},
	{chainWord, "its receiver undoes nothing"},
	{terminateWord, "it has no word for a connection that fails"},
}

// completeWire checks what belongs together where a version of the wire is chosen.
func (p *parser) completeWire() error {
	inv := p.inv
	switch {
	case !p.seen[wireWord]:
		return nil
	case !inv.tx.said():
		return usageError("wire: is for tx: rx knows each version by its first bytes")
	case !inv.speaksFirst():
		return nil
	case inv.tx.listens > 0:
		return usageError("wire 1: expected tx with a HOST: the sender dials in version 1")
	case len(inv.tx.paths) > wire1.MaxLinks:
		return usageError("wire 1: expected at most %d tx, since each path needs a link, found %d", wire1.MaxLinks, len(inv.tx.paths))
	case inv.options.Auto:
		return usageError("wire 1: expected threads with a number: the links are all there from the beginning in version 1")
	}
	for _, k := range notFirst {
		if p.seen[k.name] {
			return usageError("%s: cannot be used with wire 1: %s", k.name, k.why)
		}
	}
	for _, path := range inv.tx.paths {
		if word := plainPath(path); word != "" {
			return usageError("%s: cannot be used with wire 1 at tx: each link takes what its socket takes", word)
		}
	}
	return nil
}

// plainPath is the keyword that makes a path more than a host, a port and a way to leave; "": none does.
func plainPath(p engine.Path) string {
	switch {
	case p.Rate != 0:
		return "rate"
	case p.Spill != 0:
		return "spill"
	case p.Sports.Balanced || p.Sports.List != nil:
		return "sports"
	}
	return ""
}

// openFirst makes the sending side of version 1.
func openFirst(c engine.SendConfig, s *side) (*side, error) {
	t, err := engine.NewFirstSender(c)
	if err != nil {
		s.leave()
		return nil, err
	}
	s.stream = t
	return s, nil
}

package main

import (
	"slices"
	"sync"
	"time"

	"viamillipede/bench/run"
)

// benchSides are the ends of the streams that a bench has in this process now, for those who ask.
type benchSides struct {
	mu  sync.Mutex
	all []*side // guarded by mu
}

// controlBench lets others ask a bench how its streams stand; shows is told of each. The error is that of open.
func (inv *invocation) controlBench() (shows func(run.Round, run.Stream) (over func()), err error) {
	if inv.bench.one {
		return nil, nil // its other end is asked
	}
	var b benchSides
	table := func() []keyword { return benchTable(inv.bench.kind) }
	c := &controlled{inv: inv, kind: benchWord, table: table, sides: b.now}
	return b.show, c.open()
}

func (b *benchSides) now() []*side {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.all)
}

func (b *benchSides) show(of run.Round, stream run.Stream) (over func()) {
	s := &side{stream: stream, name: "rx", begun: time.Now()}
	if of.Sender {
		s.name = "tx"
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all = append(b.all, s)
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.all = slices.DeleteFunc(b.all, func(o *side) bool { return o == s })
	}
}

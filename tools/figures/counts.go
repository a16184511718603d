package main

import (
	"cmp"
	"context"

	"viamillipede/tools/internal/pipeline"
)

// counted are the rows of what the scheduler did with one end in the main case, for each GiB of the stream.
type counted struct{ waits, preempted, migrations string }

func countedRows(end string) counted {
	return counted{
		waits: "voluntary context switches, " + end, preempted: "involuntary context switches, " + end,
		migrations: "migrations, " + end,
	}
}

// takeCounts runs the main case with the measured program and the one before, and records what the scheduler did with
// both ends. These streams are separate from those whose rate is taken, since counting costs a little at each context
// switch.
func takeCounts(ctx context.Context, set settings, b *board) {
	takeCountsOf(ctx, set, b, set.bin, "")
	if set.before != "" {
		takeCountsOf(ctx, set, b, set.before, " before")
	}
}

func takeCountsOf(ctx context.Context, set settings, b *board, bin, suffix string) {
	plan := mainCase(rowSwitches, bin).plan(set)
	plan.Counted = true
	r, err := pipeline.Run(ctx, plan)
	b.counts(countedRows("tx"+suffix), r.TX.PerGiB(set.bytes()), err, r.Uncounted)
	b.counts(countedRows("rx"+suffix), r.RX.PerGiB(set.bytes()), err, r.Uncounted)
}

// counts records the cost of one end per GiB, or why it is missing: for the whole stream, or for migrations only.
func (b *board) counts(rows counted, cost pipeline.Cost, err, uncounted error) {
	add := func(name string, value float64, err error) {
		b.row(name).unit = "/GiB"
		b.add(name, value, err)
	}
	add(rows.waits, cost.Waits, err)
	add(rows.preempted, cost.Preempted, err)
	add(rows.migrations, cost.Migrations, cmp.Or(err, uncounted))
}

package main

import (
	"cmp"
	"context"

	"viamillipede/tools/internal/crew"
)

// counted are the rows of what the scheduler did with one end in the main case, for each GiB of the stream.
type counted struct{ waits, preempted, migrations string }

func countedRows(end string) counted {
	return counted{
		waits: "voluntary context switches, " + end, preempted: "involuntary context switches, " + end,
		migrations: "migrations, " + end,
	}
}

// takeCounts runs the main case by the program measured, and by the one before, and records what the scheduler did with both ends.
// These streams are apart from those whose rate is taken, for to count costs a little at each switch.
func takeCounts(ctx context.Context, set settings, b *board) {
	takeCountsOf(ctx, set, b, set.bin, "")
	if set.before != "" {
		takeCountsOf(ctx, set, b, set.before, " before")
	}
}

func takeCountsOf(ctx context.Context, set settings, b *board, bin, suffix string) {
	c := mainCase(rowSwitches, bin)
	c.counted = true
	p, err := plumb(ctx, set, c, "0", "0")
	defer p.End()
	if err == nil {
		_, err = p.finish(set, c)
	}
	b.counts(countedRows("tx"+suffix), p.tx, set.bytes(), err)
	b.counts(countedRows("rx"+suffix), p.rx, set.bytes(), err)
}

// counts records the cost of one end, or why there is none: of the stream, or of migrations alone.
func (b *board) counts(rows counted, end *crew.Child, bytes uint64, err error) {
	var cost crew.Cost
	var uncounted error
	if err == nil {
		cost, uncounted = end.Cost()
		cost = cost.PerGiB(bytes)
	}
	add := func(name string, value float64, err error) {
		b.row(name).unit = "/GiB"
		b.add(name, value, err)
	}
	add(rows.waits, cost.Waits, err)
	add(rows.preempted, cost.Preempted, err)
	add(rows.migrations, cost.Migrations, cmp.Or(err, uncounted))
}

package main

import (
	"fmt"
	"slices"
	"strings"

	"viamillipede/bench/report"
	"viamillipede/tools/internal/record"
)

// board gathers the rows of the table, in the order of rowNames.
type board struct {
	round int // the present one
	rows  []*row
}

// row has the results of all rounds for one name.
type row struct {
	name   string
	unit   string
	stream bool      // values are rates
	ours   bool      // reports links and what was resent
	values []float64 // one for each successful round
	rounds []int     // in which each value was measured
	tx, rx []float64 // CPU s/GiB, of streams
	all    []float64 // likewise, of the whole machine
	lost   []float64 // links
	resent []float64 // fraction of the stream
	copied bool      // a leg of some round did not go by reference
	failed []string  // why there is no figure, one for each failed round
}

// newBoard makes the rows of the contenders, which say what they report; other rows are made when first added to.
func newBoard(all []contender) *board {
	b := &board{}
	for _, c := range all {
		r := b.row(c.name)
		r.stream, r.ours, r.unit = true, c.ours, "GB/s"
	}
	return b
}

var units = map[string]string{
	rowLife: "ms", rowLifeKey: "ms", rowEmpty: "ms", rowVersion: "ms", rowIdle: "%", rowPaused: "%", rowPeakTX: "MiB", rowPeakRX: "MiB",
}

// row finds a row or adds it.
func (b *board) row(name string) *row {
	if r := b.find(name); r != nil {
		return r
	}
	r := &row{name: name, unit: units[name]}
	b.rows = append(b.rows, r)
	return r
}

func (b *board) find(name string) *row {
	i := slices.IndexFunc(b.rows, func(r *row) bool { return r.name == name })
	if i < 0 {
		return nil
	}
	return b.rows[i]
}

// median is the median of a row; 0 if it has no figures.
func (b *board) median(name string) float64 {
	if r := b.find(name); r != nil {
		return report.Median(r.values)
	}
	return 0
}

// add records one figure, or why there is none.
func (b *board) add(name string, value float64, err error) bool {
	r := b.row(name)
	if err != nil {
		r.failed = append(r.failed, err.Error())
		return false
	}
	r.values, r.rounds = append(r.values, value), append(r.rounds, b.round)
	return true
}

// stream records one stream, or why it gave no figure.
func (b *board) stream(name string, s sample, err error) {
	if !b.add(name, s.rate, err) {
		return
	}
	r := b.row(name)
	r.tx, r.rx, r.all = append(r.tx, s.tx), append(r.rx, s.rx), append(r.all, s.machine)
	r.lost, r.resent = append(r.lost, s.lost), append(r.resent, s.resent)
	r.copied = r.copied || !s.referred
}

// record is the complete result, below a header.
func (b *board) record(header string) record.Record {
	rec := record.Record{Header: header, Table: b.markdown(), Goals: b.goals(), Lost: b.lost()}
	for _, r := range b.rows {
		row := record.Row{Name: r.name, Unit: r.unit, Ours: r.ours, Values: r.values, TX: r.tx, RX: r.rx, Machine: r.all}
		if r.name == rowPipe {
			row.TX, row.RX = nil, nil // nothing is between producer and consumer
		}
		rec.Rows = append(rec.Rows, row)
	}
	return rec
}

// markdown is the table.
func (b *board) markdown() string {
	var t strings.Builder
	t.WriteString("| row | median | lowest | highest | of the limit | CPU s/GiB, tx | CPU s/GiB, rx | CPU s/GiB, machine | links lost | " +
		"resent | ours |\n|---|---|---|---|---|---|---|---|---|---|---|\n")
	for _, r := range b.rows {
		t.WriteString("| " + strings.Join(b.cells(r), " | ") + " |\n")
	}
	for _, r := range b.rows {
		if len(r.failed) > 0 && len(r.values) > 0 {
			fmt.Fprintf(&t, "\n%s: %d rounds failed, the first with: %s\n", r.name, len(r.failed), report.OneLine(r.failed[0]))
		}
	}
	return t.String()
}

func (b *board) cells(r *row) []string {
	if len(r.values) == 0 {
		why := "no figure"
		if len(r.failed) > 0 {
			why = report.OneLine(r.failed[0])
		}
		return append([]string{r.name, why}, make([]string, 9)...)
	}
	cells := []string{r.name, r.figure(report.Median(r.values)), r.figure(slices.Min(r.values)), r.figure(slices.Max(r.values)),
		"", "", "", "", "", "", b.outcome(r.name)}
	if !r.stream {
		return cells
	}
	if limit := b.median(rowLimit); limit > 0 {
		cells[4] = fmt.Sprintf("%.2f", report.Median(r.values)/limit)
	}
	if r.name != rowPipe {
		cells[5] = fmt.Sprintf("%.2f", report.Median(r.tx))
	}
	if r.name != rowPipe && r.name != rowSSH {
		cells[6] = fmt.Sprintf("%.2f", report.Median(r.rx))
	}
	cells[7] = fmt.Sprintf("%.2f", report.Median(r.all))
	if r.ours {
		cells[8], cells[9] = fmt.Sprintf("%.0f", report.Median(r.lost)), fmt.Sprintf("%.2f %%", 100*report.Median(r.resent))
	}
	return cells
}

// figure is a value with three digits and its unit.
func (r *row) figure(v float64) string {
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f %s", v, r.unit)
	case v >= 10:
		return fmt.Sprintf("%.1f %s", v, r.unit)
	}
	return fmt.Sprintf("%.2f %s", v, r.unit)
}

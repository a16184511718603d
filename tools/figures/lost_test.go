package main

import (
	"slices"
	"testing"

	"viamillipede/tools/internal/record"
)

// boardOf has streams whose rounds gave these rates.
func boardOf(rates map[string][]float64) *board {
	b := newBoard(nil)
	for _, name := range rowNames() {
		for round, rate := range rates[name] {
			b.round = round
			b.stream(name, sample{rate: rate, tx: 0.1, rx: 0.1}, nil)
			b.row(name).stream, b.row(name).unit = true, "GB/s"
		}
	}
	b.round = 2
	return b
}

func TestLost(t *testing.T) {
	b := boardOf(map[string][]float64{
		rowLimit: {3, 3.2, 3.1}, rowPipe: {5, 6, 7}, rowDefault: {2.9, 3, 3.05}, rowSocat: {2, 2.1, 2.2}, rowNC: {0.5},
		rowFRelay: {2}, rowFile: {2}, rowCat: {2}, rowNRelay: {2}, rowNCopying: {1.7}, rowNull: {1.8},
		caseNull + rowNC: {1.9},
	})
	b.add(rowLife, 20, nil)
	want := []string{
		"**lost**: `threads 16`: `limit` has 3.10 GB/s, ours 3.00 GB/s (the rounds overlap)",
		"**lost**: `threads 16`: `local pipe` has 6.00 GB/s, ours 3.00 GB/s",
		"**lost**: `threads 16`: at least 0.97 of the relay's rate: missed (0.97)",
		"**lost**: `threads 16`: at least 0.75 of the local pipe's rate: missed (0.50)",
		"**lost**: `file to null`: `file to null: sendfile relay` has 2.00 GB/s, ours 1.80 GB/s",
		"**lost**: `file to null`: `file to null: nc` has 1.90 GB/s, ours 1.80 GB/s",
		"**lost**: `file to null`: at least 1 of the fastest of socat, mbuffer, nc: missed (0.95)",
		"**lost**: `life of tx`: at most 15 ms: missed (20.00)",
	}
	if got := b.lost(); !slices.Equal(got, want) {
		t.Errorf("got %q,\nwant %q", got, want)
	}
	for row, want := range map[string]string{
		rowLimit: "**lost** (0.97 of it)", rowPipe: "**lost** (0.50 of it)", rowSocat: "won (1.43 of it)", rowNC: "won (6.00 of it)",
		rowDefault: "**lost**", rowNull: "**lost**", rowFile: "won", rowFRelay: "won (1.00 of it)", rowLife: "**lost**",
		rowMbuffer: "", rowFour: "", rowChecksum: "",
	} {
		if got := b.outcome(row); got != want {
			t.Errorf("%s: %q, want %q", row, got, want)
		}
	}
}

// Rows of ours that a row of others is compared with exist, and are no others themselves.
func TestOurRows(t *testing.T) {
	for _, name := range rowNames() {
		if mine := ourRow(name); mine != "" && (!slices.Contains(rowNames(), mine) || ourRow(mine) != "") {
			t.Errorf("%s is compared with %s", name, mine)
		}
	}
	for _, p := range peers(settings{}) {
		if ourRow(p.name) == "" {
			t.Errorf("%s is compared with nothing", p.name)
		}
	}
}

func TestRecord(t *testing.T) {
	b := boardOf(map[string][]float64{rowDefault: {3, 4}, rowPipe: {5}})
	name := t.TempDir() + "/record"
	if err := b.record("- a header\n").Write(name); err != nil {
		t.Fatal(err)
	}
	got, err := record.Read(name)
	if err != nil {
		t.Fatal(err)
	}
	row, ok := got.Row(rowDefault)
	if !ok || !slices.Equal(row.Values, []float64{3, 4}) || !slices.Equal(row.TX, []float64{0.1, 0.1}) || row.Unit != "GB/s" {
		t.Errorf("%+v", row)
	}
	if row, _ := got.Row(rowPipe); row.TX != nil {
		t.Errorf("the local pipe has CPU times of ends: %+v", row)
	}
	if _, ok := got.Row(rowNC); ok {
		t.Error("a row that was not measured is there")
	}
	if got.Header != "- a header\n" || len(got.Lost) != 2 {
		t.Errorf("%+v", got)
	}
}

package main

import (
	"errors"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"viamillipede/tools/internal/ends"
	"viamillipede/tools/internal/pipeline"
	"viamillipede/tools/internal/relay"
)

// TestMain lets the test program be what figures is to itself, and the program that it measures as far as its version.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == "version" {
		os.Exit(0)
	}
	if status, ok := ends.Play(os.Args[1:]); ok {
		os.Exit(status)
	}
	if status, ok := relay.Play(os.Args[1:]); ok {
		os.Exit(status)
	}
	if role, ok := roleOf(os.Args); ok {
		os.Exit(role.run(os.Args[2:]))
	}
	os.Exit(m.Run())
}

// What a sender says is read out of the file that stands in its command, and out of none else.
func TestSummary(t *testing.T) {
	c := contender{tx: []string{"viamillipede", "tx"}}.told()
	plan := c.plan(settings{})
	var told summary
	if err := told.ask(&plan); err != nil {
		t.Fatal(err)
	}
	defer told.forget()
	file := plan.TX.Command[3]
	if plan.TX.Command[2] != "json" || c.tx[3] != summaryFile {
		t.Errorf("the command is %v, after %v", plan.TX.Command, c.tx)
	}
	for text, want := range map[string]sum{
		`{"results": [{"name": "Stream/end=tx-2", "config": {"engine-path": "sendfile (page cache to socket)"}, "values": {"lost-links": 9, "resent-B": 2347008}}]}`: {9, 2347008, true},
		`{"results": [{"name": "Stream/end=tx-2", "values": {"lost-links": 9}}]}`:                                                                                    {},
		`{"results": []}`: {},
		"9 links lost":    {},
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := told.read(); got != want || (err == nil) != (want != sum{}) {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	told.forget()
	if _, err := told.read(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without a file: %v", err)
	}
}

func TestRowsThatAreWanted(t *testing.T) {
	var set settings
	for _, text := range []string{rowLimit + "," + rowSocat, rowIdle} {
		if err := set.addOnly(text); err != nil {
			t.Error(err)
		}
	}
	if !set.wants(rowLimit) || !set.wants(rowSocat) || !set.wants(rowIdle) || set.wants(rowNC) {
		t.Errorf("wanted are %q", set.only)
	}
	if err := set.addOnly(rowLimit + ",no such row"); err == nil {
		t.Error("a row that there is not was accepted")
	}
}

// The header shows what was run, without the folders of this machine.
func TestCommandsOfFiles(t *testing.T) {
	set := settings{bin: "/a/b", self: "/c/d"}
	for name, want := range map[string]string{
		rowFile:    "`viamillipede tx 127.0.0.1 PORT json FILE <file` to `viamillipede rx PORT >file`",
		rowCat:     "`cat <file >file`",
		rowNRelay:  "`figures file-tx PORT <file` to `figures file-rx PORT >/dev/null`",
		rowDefault: "`gen | viamillipede tx 127.0.0.1 PORT threads 16 json FILE` to `viamillipede rx PORT | sink`",
	} {
		for _, c := range contenders(set) {
			if got := commands(set, c); c.name == name && got != want {
				t.Errorf("%s: %s, want %s", name, got, want)
			}
		}
	}
}

func TestParseProc(t *testing.T) {
	if d, err := parseSchedstat("8028490 12860057 29\n"); err != nil || d != 8028490 {
		t.Errorf("schedstat %v, %v", d, err)
	}
}

func TestTable(t *testing.T) {
	b := newBoard([]contender{{name: rowLimit}, {name: rowPipe}, {name: rowDefault, ours: true}, {name: rowFour, ours: true},
		{name: rowSocat}})
	for round, rate := range []float64{4, 5, 4.5} {
		b.round = round
		b.stream(rowLimit, sample{rate: rate, tx: 0.1, rx: 0.2, machine: 0.6}, nil)
		b.stream(rowDefault, sample{rate: rate * 0.6, tx: 0.3, rx: 0.4, machine: 1.2, lost: 2, resent: 0.01}, nil)
		b.stream(rowPipe, sample{rate: 10 * rate, machine: 0.3}, nil)
		b.stream(rowFour, sample{rate: rate, tx: 0.1, rx: 0.1, machine: 0.5}, nil)
	}
	b.stream(rowDefault, sample{}, errors.New("first\nsecond | third"))
	b.stream(rowSocat, sample{}, errors.New("away"))
	b.add(rowLife, 12.34, nil)
	want := `
| limit | 4.50 GB/s | 4.00 GB/s | 5.00 GB/s | 1.00 | 0.10 | 0.20 | 0.60 |  |  | **lost** (0.60 of it) |
| local pipe | 45.0 GB/s | 40.0 GB/s | 50.0 GB/s | 10.00 |  |  | 0.30 |  |  | **lost** (0.06 of it) |
| threads 16 | 2.70 GB/s | 2.40 GB/s | 3.00 GB/s | 0.60 | 0.30 | 0.40 | 1.20 | 2 | 1.00 % | **lost** |
| threads 4 | 4.50 GB/s | 4.00 GB/s | 5.00 GB/s | 1.00 | 0.10 | 0.10 | 0.50 | 0 | 0.00 % |  |
| socat | away |  |  |  |  |  |  |  |  |  |
| life of tx | 12.3 ms | 12.3 ms | 12.3 ms |  |  |  |  |  |  | won |

threads 16: 1 rounds failed, the first with: first second / third
`
	_, got, _ := strings.Cut(b.markdown(), "---|\n")
	if "\n"+got != want {
		t.Errorf("got:\n%s\nwant:%s", got, want)
	}
}

// The relay stands for viamillipede: it is counted in the same way.
func TestCounts(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	set := settings{self: self, bin: self, gib: 1.0 / 128}
	plan := contender{rx: []string{self, "limit-rx", "PORT"}, tx: []string{self, "limit-tx", "PORT"}}.plan(set)
	plan.Counted = true
	r, err := pipeline.Run(t.Context(), plan)
	if err != nil {
		t.Skipf("cannot count: %v", err)
	}
	b := newBoard(nil)
	b.counts(countedRows("tx"), r.TX.PerGiB(r.Bytes), nil, r.Uncounted)
	b.counts(countedRows("rx"), pipeline.Cost{}, errors.New("away"), nil)
	for _, want := range []string{"voluntary context switches, tx", "involuntary context switches, tx"} {
		if r := b.find(want); r == nil || len(r.values) != 1 || !strings.Contains(r.figure(r.values[0]), "/GiB") {
			t.Errorf("row %q is %+v", want, r)
		}
	}
	if r := b.find("migrations, rx"); r == nil || len(r.values) != 0 || len(r.failed) != 1 {
		t.Errorf("migrations of nothing: %+v", r)
	}
}

func TestGoals(t *testing.T) {
	b := newBoard(nil)
	for name, rate := range map[string]float64{
		rowLimit: 4, rowDefault: 3, rowFour: 3.2, rowOne: 2.88, rowSocat: 3.1, rowKilled: 2.7, rowNull: 2, rowNRelay: 3, rowNCopying: 2,
	} {
		for round, factor := range []float64{1, 0.5, 1.5} { // what all do alike changes no ratio
			b.round = round
			b.stream(name, sample{rate: rate * factor, resent: 0.05, machine: factor * (5 - rate)}, nil)
		}
	}
	b.round = 3
	b.stream(rowDefault, sample{rate: 100}, nil) // a round in which the relay failed is not compared
	want := `
| threads 16 | at least 0.97 of the relay's rate | 0.75 | 0.75 | 0.75 | **missed** |
| threads 16 | at most 1.08 of the relay's CPU time, the whole machine's | 2 | 2 | 2 | **missed** |
| file to null | at least 0.97 of the copying relay's rate, since legs were copied | 1 | 1 | 1 | met |
| threads 16 | at least 1 of the fastest of socat, mbuffer, nc | 0.968 | 0.968 | 0.968 | **missed** |
| threads 1 | at least 0.85 of the fastest of threads 1, 4 and 16, for the slowest | 0.9 | 0.9 | 0.9 | met |
| killed every 50 ms | at least 0.8 of the rate of threads 16 | 0.9 | 0.9 | 0.9 | met |
| killed every 50 ms | at most 0.04 of the bytes resent | 0.05 | 0.05 | 0.05 | **missed** |
`
	_, got, _ := strings.Cut(b.goals(), "---|\n")
	if "\n"+got != want {
		t.Errorf("got:\n%s\nwant:%s", got, want)
	}
	b.row(rowNull).copied = false
	if got := b.goals(); !strings.Contains(got, "of the sendfile relay's rate, since all legs went by reference | 0.667 |") || strings.Contains(got, "copying relay's") {
		t.Errorf("a file by reference is not compared with sendfile:\n%s", got)
	}
	if got := newBoard(nil).goals(); strings.Contains(got, rowDefault) {
		t.Errorf("a goal without figures: %q", got)
	}
}

// Small runs, so that the parts that need no viamillipede keep working: the relay, the local pipe, an empty life.
func TestSmallRuns(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	set := settings{self: self, bin: self, gib: 1.0 / 128, rounds: 1, only: []string{rowLimit, rowPipe}}
	for _, c := range contenders(set) {
		s, err := measure(t.Context(), set, c)
		if err != nil || s.rate <= 0 || math.IsInf(s.rate, 0) {
			t.Errorf("%s: %+v, %v", c.name, s, err)
		}
	}
	if ms, err := life(t.Context(), nil, self, "empty"); err != nil || ms <= 0 || ms > float64(pipeline.Limit/time.Millisecond) {
		t.Errorf("an empty life of %v ms, %v", ms, err)
	}
	if header := describe(t.Context(), set); strings.Contains(header, self) {
		t.Errorf("the header names folders of this machine:\n%s", header)
	}
}

// Package diff compares two files of results: what became faster, slower or dearer, and what is only noise.
//
// Each name and unit that both files have is a row, and every round counts. Whether a difference is more than noise is told by a
// test without any assumption about how the noise is distributed: the U test of Mann and Whitney
// (golang.org/x/perf/benchmath). It takes rounds to be independent of each other; where the noise comes and goes for minutes,
// they are not. So the better way is to measure both in turn and to test the pairs (package paired): a ratio of neighbours has
// the noise of a moment only. That is done where both files say "order: in turn" in their settings, began at the same time, and
// have as many rounds of the name and unit.
//
// Every row is tested alone. Where nothing has changed, one row in twenty is marked, and half of these as worse.
package diff

import (
	"cmp"
	"math"
	"slices"

	"golang.org/x/perf/benchmath"

	"viamillipede/bench/internal/paired"
	"viamillipede/bench/internal/report"
	"viamillipede/bench/result"
)

// Level is the p below which a difference counts as one.
const Level = 0.05

// Settings that tell that two files were measured in turn: the first round of one beside the first of the other, and so on.
const (
	OrderKey    = "order"
	OrderInTurn = "in turn"
)

// Verdict is what a row comes to.
type Verdict string

// The verdicts. Only the last one is a failure.
const (
	Same       Verdict = "~"             // no significant difference
	TooFew     Verdict = "too few"       // rounds, for any difference to be significant
	Differs    Verdict = "differs"       // significantly; the unit does not say which way is worse
	Better     Verdict = "better"        // significantly
	Worse      Verdict = "worse, little" // significantly, but within the threshold
	Regression Verdict = "REGRESSION"    // significantly, and beyond the threshold
)

// Row is one name in one unit.
type Row struct {
	Name, Unit string
	Old, New   float64 // medians
	Rounds     [2]int  // of old and new
	Paired     bool
	// Change is by how much the new one is more, as a share of the old one: the typical ratio of neighbours where rows are
	// paired, else that of the medians. It is infinite where the old median is zero and the new one is not.
	Change  float64
	P       float64
	Verdict Verdict
}

// Table is a comparison.
type Table struct {
	Rows             []Row    // in the order of the old file, units sorted
	OnlyOld, OnlyNew []string // names that the other file does not have
	Settings         []string // what differs in settings and hosts, a line for each
	Threshold        float64  // share that a change for the worse may have
}

// Compare compares two files. The threshold is a share: 0.05 is 5 %.
func Compare(before, after result.File, threshold float64) Table {
	a, b := group(before), group(after)
	inTurn := takenInTurn(before, after)
	t := Table{Threshold: threshold, Settings: settingsThatDiffer(before, after)}
	for _, s := range a.series {
		other := b.find(s.name)
		if other == nil {
			t.OnlyOld = append(t.OnlyOld, s.name)
			continue
		}
		for _, unit := range s.units() {
			if x, y := s.values[unit], other.values[unit]; len(y) > 0 {
				t.Rows = append(t.Rows, newRow(s.name, unit, x, y, inTurn, threshold))
			}
		}
	}
	for _, s := range b.series {
		if a.find(s.name) == nil {
			t.OnlyNew = append(t.OnlyNew, s.name)
		}
	}
	return t
}

// Regressions counts the rows that are a failure.
func (t Table) Regressions() int {
	n := 0
	for _, r := range t.Rows {
		if r.Verdict == Regression {
			n++
		}
	}
	return n
}

// takenInTurn reports whether round i of one file was taken beside round i of the other.
func takenInTurn(a, b result.File) bool {
	return a.Settings[OrderKey] == OrderInTurn && b.Settings[OrderKey] == OrderInTurn && a.Time == b.Time && a.Time != ""
}

func newRow(name, unit string, x, y []float64, inTurn bool, threshold float64) Row {
	r := Row{
		Name: name, Unit: unit, Old: report.Median(x), New: report.Median(y), Rounds: [2]int{len(x), len(y)},
		Paired: inTurn && len(x) == len(y),
	}
	r.Change = share(r.Old, r.New)
	if r.Paired {
		r.testPairs(x, y)
	} else {
		r.testGroups(x, y)
	}
	r.judge(threshold)
	return r
}

// share is by how much b is more than a, as a share of a.
func share(a, b float64) float64 {
	switch {
	case a == b:
		return 0
	case a == 0:
		return math.Inf(cmp.Compare(b, a))
	}
	return (b - a) / math.Abs(a)
}

// testGroups compares what was measured apart.
func (r *Row) testGroups(x, y []float64) {
	sample := func(v []float64) *benchmath.Sample {
		return benchmath.NewSample(slices.Clone(v), &benchmath.Thresholds{CompareAlpha: Level})
	}
	r.P = benchmath.AssumeNothing.Compare(sample(x), sample(y)).P
}

// testPairs compares neighbours by their ratios, or by their differences where a value has no logarithm.
func (r *Row) testPairs(x, y []float64) {
	ratios := slices.Min(x) > 0 && slices.Min(y) > 0
	d := make([]float64, len(x))
	for i := range d {
		if d[i] = y[i] - x[i]; ratios {
			d[i] = math.Log(y[i] / x[i])
		}
	}
	if r.P = paired.SignedRank(d).Differs; ratios {
		middle, _, _ := paired.Shift(d, Level)
		r.Change = math.Expm1(middle)
	}
}

// leastP is the smallest p that so many rounds can have, when they are as far apart as can be.
func (r *Row) leastP() float64 {
	if r.Paired {
		return paired.LeastP(r.Rounds[0])
	}
	ways := 1.0 // to choose which rounds are the old ones
	for i := range r.Rounds[0] {
		ways *= float64(r.Rounds[0]+r.Rounds[1]-i) / float64(i+1)
	}
	return min(1, 2/ways)
}

func (r *Row) judge(threshold float64) {
	worse := map[direction]bool{lessIsWorse: r.Change < 0, moreIsWorse: r.Change > 0}
	way := directionOf(r.Unit)
	switch {
	case r.leastP() >= Level:
		r.Verdict = TooFew
	case r.P >= Level || r.Change == 0:
		r.Verdict = Same
	case way == unknown:
		r.Verdict = Differs
	case !worse[way]:
		r.Verdict = Better
	case math.Abs(r.Change) <= threshold:
		r.Verdict = Worse
	default:
		r.Verdict = Regression
	}
}

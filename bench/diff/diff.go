// Package diff compares two files of results: what became faster, slower or more expensive, and what is only noise.
//
// Each name and unit found in both files is a row, and every round counts. Whether a difference is more than noise is
// decided by a test that assumes nothing about the distribution of the noise: the Mann-Whitney U test
// (golang.org/x/perf/benchmath). It assumes that rounds are independent of each other; if noise comes and goes for
// minutes, they are not. So it is better to measure both in turn and to test the pairs (package paired): the ratio of two
// neighbouring rounds has only the noise of a moment. Pairs are tested if both files say "order: in turn" in their
// settings, began at the same time, and have equally many rounds of the name and unit.
//
// A comparison has many rows, and chance alone makes some of many differ. So p is corrected for their number by Holm's
// method (A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6, 1979): if
// nothing has changed, one comparison in fifty has any row marked at all, whatever the number of rows, and one in a
// hundred has one marked as worse.
package diff

import (
	"cmp"
	"math"
	"slices"

	"golang.org/x/perf/benchmath"

	"viamillipede/bench/paired"
	"viamillipede/bench/report"
	"viamillipede/bench/result"
)

// Level is the corrected p below which a difference is significant.
const Level = 0.02

// Settings that show that two files were measured in turn: the first round of one beside the first of the other, and so
// on.
const (
	OrderKey    = "order"
	OrderInTurn = "in turn"
)

// Verdict is the result of a row.
type Verdict string

// The verdicts. Only the last one is a failure.
const (
	Same       Verdict = "~"             // no significant difference
	TooFew     Verdict = "too few"       // too few rounds for any difference to be significant
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
	// Change is how much the new one exceeds the old one, as a fraction of the old one: from the typical ratio of
	// neighbours if rounds are paired, otherwise from the medians. It is infinite if the old median is zero and the new
	// one is not.
	Change  float64
	Alone   float64 // the probability that chance alone makes such a difference in this row; 0 to 1
	P       float64 // corrected for the number of rows: in any row; 0 to 1
	Verdict Verdict

	alike bool // all rounds of both have the same value
}

// Table is a comparison.
type Table struct {
	Rows             []Row    // in the order of the old file, units sorted
	OnlyOld, OnlyNew []string // names that the other file does not have
	Settings         []string // what differs in settings and hosts, a line for each
	Threshold        float64  // fraction up to which a change for the worse is tolerated
}

// Compare compares two files, or only the rows that only selects; nil means all. The threshold is a fraction: 0.05 is 5
// %.
func Compare(before, after result.File, threshold float64, only func(name, unit string) bool) Table {
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
			if x, y := s.values[unit], other.values[unit]; len(y) > 0 && (only == nil || only(s.name, unit)) {
				t.Rows = append(t.Rows, newRow(s.name, unit, x, y, inTurn))
			}
		}
	}
	for _, s := range b.series {
		if a.find(s.name) == nil {
			t.OnlyNew = append(t.OnlyNew, s.name)
		}
	}
	t.correct()
	return t
}

// correct corrects each row's p for the number of rows, and judges the rows. A row that could not differ significantly
// whatever its values, because it has too few rounds or all are alike, does not count: it gives chance no opportunity.
func (t Table) correct() {
	var all []*Row
	for i := range t.Rows {
		r := &t.Rows[i]
		if r.P = r.Alone; !r.alike && r.leastP() < Level {
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(a, b *Row) int { return cmp.Compare(a.Alone, b.Alone) })
	p := 0.0
	for i, r := range all {
		p = max(p, min(1, r.Alone*float64(len(all)-i)))
		r.P = p
	}
	for i := range t.Rows {
		t.Rows[i].judge(t.Threshold, len(all))
	}
}

// Regressions counts the rows whose verdict is Regression.
func (t Table) Regressions() int {
	n := 0
	for _, r := range t.Rows {
		if r.Verdict == Regression {
			n++
		}
	}
	return n
}

// takenInTurn reports whether round i of one file was taken next to round i of the other.
func takenInTurn(a, b result.File) bool {
	return a.Settings[OrderKey] == OrderInTurn && b.Settings[OrderKey] == OrderInTurn && a.Time == b.Time && a.Time != ""
}

func newRow(name, unit string, x, y []float64, inTurn bool) Row {
	r := Row{
		Name: name, Unit: unit, Old: report.Median(x), New: report.Median(y), Rounds: [2]int{len(x), len(y)},
		Paired: inTurn && len(x) == len(y),
		alike:  slices.Max(x) == slices.Min(x) && slices.Max(y) == slices.Min(y) && x[0] == y[0],
	}
	r.Change = share(r.Old, r.New)
	if r.Paired {
		r.testPairs(x, y)
	} else {
		r.testGroups(x, y)
	}
	return r
}

// share is how much b exceeds a, as a fraction of a.
func share(a, b float64) float64 {
	switch {
	case a == b:
		return 0
	case a == 0:
		return math.Inf(cmp.Compare(b, a))
	}
	return (b - a) / math.Abs(a)
}

// testGroups compares rounds that are not paired.
func (r *Row) testGroups(x, y []float64) {
	sample := func(v []float64) *benchmath.Sample {
		return benchmath.NewSample(slices.Clone(v), &benchmath.Thresholds{CompareAlpha: Level})
	}
	r.Alone = min(1, benchmath.AssumeNothing.Compare(sample(x), sample(y)).P) // twice one tail, which can exceed a half
}

// testPairs compares neighbours by their ratios, or by their differences if a value has no logarithm.
func (r *Row) testPairs(x, y []float64) {
	ratios := slices.Min(x) > 0 && slices.Min(y) > 0
	d := make([]float64, len(x))
	for i := range d {
		if d[i] = y[i] - x[i]; ratios {
			d[i] = math.Log(y[i] / x[i])
		}
	}
	if r.Alone = paired.SignedRank(d).Differs; ratios {
		middle, _, _ := paired.Shift(d, Level)
		r.Change = math.Expm1(middle)
	}
}

// leastP is the smallest p that these many rounds can give, when they are as far apart as possible.
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

// judge sets the verdict of a row, one of rows.
func (r *Row) judge(threshold float64, rows int) {
	worse := map[direction]bool{lessIsWorse: r.Change < 0, moreIsWorse: r.Change > 0}
	way := directionOf(r.Unit)
	switch {
	case r.leastP() >= Level, r.P >= Level && !r.alike && r.leastP()*float64(rows) >= Level:
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

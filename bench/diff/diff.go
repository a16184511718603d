// Package diff compares two files of results: what became faster, slower or dearer, and what is only noise.
//
// Each name and unit that both files have is a row, and every round counts. Whether a difference is more than noise is told by a
// test without any assumption about how the noise is distributed: the U test of Mann and Whitney
// (golang.org/x/perf/benchmath). It takes rounds to be independent of each other; where the noise comes and goes for minutes,
// they are not. So the better way is to measure both in turn and to test the pairs (package paired): a ratio of neighbours has
// the noise of a moment only. That is done where both files say "order: in turn" in their settings, began at the same time, and
// have as many rounds of the name and unit.
//
// A comparison has many rows, and of many that chance alone makes some differ. So p is corrected for their number, as Holm has it
// (A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6, 1979): where nothing has
// changed, one comparison in fifty has any row marked at all, whatever the number of rows, and one in a hundred as worse.
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

// Level is the corrected p below which a difference counts as one.
const Level = 0.02

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
	Alone   float64 // how likely chance makes as much of a difference in this row; 0 to 1
	P       float64 // corrected for the number of rows: in any of them; 0 to 1
	Verdict Verdict

	alike bool // every round of both has the same value
}

// Table is a comparison.
type Table struct {
	Rows             []Row    // in the order of the old file, units sorted
	OnlyOld, OnlyNew []string // names that the other file does not have
	Settings         []string // what differs in settings and hosts, a line for each
	Threshold        float64  // share that a change for the worse may have
}

// Compare compares two files, or those of their rows that only says; nil is all. The threshold is a share: 0.05 is 5 %.
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

// correct corrects each row's p for the number of rows, and judges the rows. A row that could not differ significantly whatever
// its values, because of the number of its rounds or because all of them are alike, gives chance no opportunity, and does not count.
func (t Table) correct() {
	var all []*Row
	for i := range t.Rows {
		r := &t.Rows[i]
		if r.P = r.Alone; !r.alike && r.leastP() < Level {
			all = append(all, r)
		}
	}
	slices.SortStableFunc(all, func(a, b *Row) int { return cmp.Compare(a.Alone, b.Alone) })
	p := 0.0
	for i, r := range all {
		p = max(p, min(1, r.Alone*float64(len(all)-i)))
		r.P = p
	}
	for i := range t.Rows {
		t.Rows[i].judge(t.Threshold, len(all))
	}
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
	r.Alone = min(1, benchmath.AssumeNothing.Compare(sample(x), sample(y)).P) // twice one side, which can be more than a half
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
	if r.Alone = paired.SignedRank(d).Differs; ratios {
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

// judge says what a row comes to, as one of so many.
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

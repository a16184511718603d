package diff

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"viamillipede/bench/result"
)

// file makes a file of one name and unit, a result for each value.
func file(unit string, values ...float64) result.File {
	var f result.File
	for _, v := range values {
		f.Results = append(f.Results, result.Result{Name: "Stream", Values: map[string]float64{unit: v}})
	}
	return f
}

// inTurn says of a file that it was taken in turn with another.
func inTurn(f result.File) result.File {
	f.Settings, f.Time = map[string]string{OrderKey: OrderInTurn}, "2026-11-25T15:04:05Z"
	return f
}

func one(t *testing.T, a, b result.File) Row {
	t.Helper()
	table := Compare(a, b, 0.05, nil)
	if len(table.Rows) != 1 {
		t.Fatalf("%d rows: %+v", len(table.Rows), table)
	}
	return table.Rows[0]
}

// The example of the permeability of membranes (Hollander and Wolfe, 1973, page 69): U is 35 of 50. Of the 3003 ways to choose
// 5 of 15 ranks, 382 come out as far to this side (p = 0.1272), and so twice as many on both.
func TestMannWhitney(t *testing.T) {
	x := []float64{0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46}
	y := []float64{1.15, 0.88, 0.90, 0.74, 1.21}
	if r := one(t, file("s", x...), file("s", y...)); math.Abs(r.P-2*382.0/3003) > 1e-9 || r.Verdict != Same || r.Paired {
		t.Errorf("%+v", r)
	}
	// The same from the other file: nothing is sorted that belongs to somebody else.
	if x[0] != 0.80 || y[0] != 1.15 {
		t.Error("the values were moved")
	}
}

func TestVerdict(t *testing.T) {
	low, high := []float64{90, 91, 92, 93, 94}, []float64{110, 111, 112, 113, 114}
	near := []float64{94.5, 94.6, 94.7, 94.8, 94.9} // 2.9 % above low
	for _, c := range []struct {
		name     string
		unit     string
		old, new []float64
		want     Verdict
	}{
		{"a rate falls", "MB/s", high, low, Regression},
		{"a rate rises", "MB/s", low, high, Better},
		{"a cost rises", "tx-cpu-s/GiB", low, high, Regression},
		{"a cost falls", "ns/op", high, low, Better},
		{"counts rise", "tx-switches/GiB", low, high, Regression},
		{"how long a round was", "tx-s", low, high, Differs},
		{"nobody knows", "furlongs", low, high, Differs},
		{"a little less", "GB/s", near, low, Worse},
		{"alike", "MB/s", low, low, Same},
		{"all one value", "allocs/op", []float64{1, 1, 1, 1, 1}, []float64{1, 1, 1, 1, 1}, Same},
		{"from nothing", "retransmits", []float64{0, 0, 0, 0, 0}, []float64{5, 6, 7, 8, 9}, Regression},
		{"to nothing", "retransmits", []float64{5, 6, 7, 8, 9}, []float64{0, 0, 0, 0, 0}, Better},
		{"four rounds", "MB/s", high[:4], low[:4], TooFew},
		{"one against many", "MB/s", high[:1], low, TooFew},
	} {
		if r := one(t, file(c.unit, c.old...), file(c.unit, c.new...)); r.Verdict != c.want {
			t.Errorf("%s: %+v, want %s", c.name, r, c.want)
		}
	}
}

// Noise that is ten times the difference, and hits neighbours alike: pairs see through it.
func TestPairs(t *testing.T) {
	old := []float64{100, 300, 50, 220, 80, 410, 150, 95}
	slower := make([]float64, len(old))
	for i := range old {
		slower[i] = old[i] * (0.80 + 0.001*float64(i))
	}
	a, b := file("MB/s", old...), file("MB/s", slower...)
	if r := one(t, a, b); r.Verdict != Same {
		t.Errorf("apart: %+v", r)
	}
	r := one(t, inTurn(a), inTurn(b))
	if r.Verdict != Regression || !r.Paired || math.Abs(r.Change+0.1965) > 0.001 || math.Abs(r.P-2.0/256) > 1e-9 {
		t.Errorf("in turn: %+v", r)
	}
	if r := one(t, inTurn(a), inTurn(file("MB/s", slower[1:]...))); r.Paired {
		t.Errorf("8 and 7 rounds are no pairs: %+v", r)
	}
	other := inTurn(b)
	other.Time = "2026-11-26T15:04:05Z"
	if r := one(t, inTurn(a), other); r.Paired {
		t.Errorf("taken in turn with something else, on another day: %+v", r)
	}
	if r := one(t, inTurn(file("MB/s", old[:5]...)), inTurn(file("MB/s", slower[:5]...))); r.Verdict != TooFew {
		t.Errorf("5 pairs: %+v", r)
	}
	zeros := inTurn(file("retransmits", 0, 0, 1, 0, 2, 0, 0))
	if r := one(t, zeros, inTurn(file("retransmits", 7, 8, 6, 5, 9, 7, 6))); r.Verdict != Regression || !math.IsInf(r.Change, 1) {
		t.Errorf("pairs with zeros: %+v", r)
	}
}

func TestTable(t *testing.T) {
	old := file("MB/s", 3100, 3140, 3150, 3160, 3170, 3180, 3190)
	later := file("MB/s", 2490, 2500, 2510, 2520, 2530, 2540, 2550)
	for i := range old.Results {
		old.Results[i].Values["tx-cpu-s/GiB"], later.Results[i].Values["tx-cpu-s/GiB"] = 0.08+float64(i)/1000, 0.0805+float64(i)/1000
		old.Results[i].Values["retransmits"], later.Results[i].Values["retransmits"] = 0, float64(i+1)
	}
	old.Settings = map[string]string{"bytes": "1073741824"}
	later.Settings = map[string]string{"bytes": "2147483648"}
	old.Results = append(old.Results, result.Result{Name: "Gone", Values: map[string]float64{"s": 1}},
		result.Result{Name: "Once/" + strings.Repeat("long=1/", 30), Values: map[string]float64{"ns/op": 1e-9}})
	later.Results = append(later.Results, result.Result{Name: "Come", Values: map[string]float64{"s": 1}},
		result.Result{Name: "Once/" + strings.Repeat("long=1/", 30), Values: map[string]float64{"ns/op": 1e15}})
	table := Compare(old, later, 0.05, nil)
	want := strings.Join([]string{
		"                                        old          new    change",
		"Stream  (7 and 7 rounds)",
		"  MB/s                                 3160         2520   -20.3 %  p=0.002  REGRESSION",
		"  retransmits                             0            4    from 0  p=0.002  REGRESSION",
		"  tx-cpu-s/GiB                        0.083       0.0835    +0.6 %  p=0.710  ~",
		"Once/long=1/long=1/long=1/lo...long=1/long=1/long=1/long=1/  (1 and 1 rounds)",
		"  ns/op                               1e-09        1e+15   x 1e+24  p=1.000  too few",
		"too few rounds in 1 of 4 rows to find anything: take 5 of each, or 7 pairs; more for many rows",
		"only in the old file: Gone",
		"only in the new file: Come",
		`not the same: bytes: "1073741824", then "2147483648"`,
		"~: no significant difference (p >= 0.02, for all rows together); threshold 5 %",
		"",
	}, "\n")
	var b strings.Builder
	if err := table.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	if got := b.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for line := range strings.SplitSeq(b.String(), "\n") {
		if len(line) > width {
			t.Errorf("%d columns: %s", len(line), line)
		}
	}
	if n := table.Regressions(); n != 2 {
		t.Errorf("%d regressions", n)
	}
}

// How a stream is shared out among its links is not compared.
func TestParts(t *testing.T) {
	f := file("tx-link-3-MB/s", 1, 2, 3, 4)
	for _, r := range f.Results {
		r.Values["rx-queue-eth0_1-B"], r.Values["MB/s"] = 7, 8
	}
	if r := one(t, f, f); r.Unit != "MB/s" {
		t.Errorf("%+v", r)
	}
}

// Benchmarks of one name in two packages are two.
func TestPackages(t *testing.T) {
	f := file("ns/op", 1, 2)
	f.Settings = map[string]string{"pkg": "a"}
	f.Results[1].Config = map[string]string{"pkg": "b"}
	table := Compare(f, f, 0.05, nil)
	if len(table.Rows) != 2 || table.Rows[0].Name != "a.Stream" || table.Rows[1].Name != "b.Stream" {
		t.Errorf("%+v", table.Rows)
	}
}

// noise makes rounds like those of a shared machine: a level that stays for some rounds and then moves, and on it the
// noise of each round; both are standard deviations of the logarithm.
type noise struct {
	rng         *rand.Rand
	drift, each float64
	level       float64
}

func (n *noise) round(rate float64) float64 {
	if n.rng.IntN(4) == 0 {
		n.level = n.rng.NormFloat64() * n.drift
	}
	return rate * math.Exp(n.level+n.rng.NormFloat64()*n.each)
}

// take makes two files of so many rounds, taken in turn, the second one at a share of the rate of the first.
func (n *noise) take(rounds int, speed float64) (old, later result.File) {
	var x, y []float64
	for range rounds {
		x, y = append(x, n.round(3000)), append(y, n.round(3000*speed))
	}
	return file("MB/s", x...), file("MB/s", y...)
}

// A program that is slower by 20 % is found, and one that is the same is left alone, with noise of about 20 % between
// rounds.
func TestCaughtAndPassed(t *testing.T) {
	const trials = 400
	for _, c := range []struct {
		name        string
		drift, each float64
		rounds      int
		paired      bool
	}{
		{"taken apart, calm", 0, 0.10, 15, false},
		{"in turn, drifting", 0.20, 0.08, 20, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			regressions := func(speed float64) int {
				found := 0
				for seed := range uint64(trials) {
					n := &noise{rng: rand.New(rand.NewPCG(seed, 7)), drift: c.drift, each: c.each}
					old, later := n.take(c.rounds, speed)
					if c.paired {
						old, later = inTurn(old), inTurn(later)
					}
					found += Compare(old, later, 0.05, nil).Regressions()
				}
				return found
			}
			caught, alarms := regressions(0.8), regressions(1)
			t.Logf("slower by 20 %%: found in %d of %d; the same: %d", caught, trials, alarms)
			if caught < trials*99/100 {
				t.Errorf("slower by 20 %%: found in %d of %d", caught, trials)
			}
			if alarms > trials/20 {
				t.Errorf("the same: found slower in %d of %d", alarms, trials)
			}
		})
	}
}

// The same program against itself, in many rows of noise of its own each: 99 of 100 comparisons pass. One row that is slower
// by a fifth is found among them all the same.
func TestManyRowsPass(t *testing.T) {
	const trials, rows, rounds = 300, 24, 15
	take := func(rng *rand.Rand, slower int) (f result.File) {
		for range rounds {
			r := result.Result{Name: "Stream", Values: map[string]float64{}}
			for i := range rows {
				speed := 3000.0
				if i == slower {
					speed *= 0.8
				}
				r.Values[fmt.Sprintf("row%d-MB/s", i)] = speed * math.Exp(rng.NormFloat64()*0.05)
			}
			f.Results = append(f.Results, r)
		}
		return f
	}
	for _, paired := range []bool{false, true} {
		failed, found := 0, 0
		for seed := range uint64(trials) {
			rng := rand.New(rand.NewPCG(seed, 11))
			same, again, slower := take(rng, -1), take(rng, -1), take(rng, 5)
			if paired {
				same, again, slower = inTurn(same), inTurn(again), inTurn(slower)
			}
			table := Compare(same, again, 0, nil)
			failed += min(1, table.Regressions())
			for _, r := range table.Rows {
				if r.P < r.Alone || r.P > 1 || r.Alone < 0 {
					t.Fatalf("p is %g, and %g alone", r.P, r.Alone)
				}
			}
			found += min(1, Compare(same, slower, 0.05, nil).Regressions())
		}
		t.Logf("in turn %v: %d of %d fail; a slower row is found in %d", paired, failed, trials, found)
		if failed > trials/100 || found < trials*99/100 {
			t.Errorf("in turn %v: %d of %d fail; a slower row is found in %d", paired, failed, trials, found)
		}
	}
}

// p of rows 0.001, 0.02 and 0.6 becomes, by Holm, 0.003, 0.04 and 0.6; a row that cannot differ does not count.
func TestHolm(t *testing.T) {
	table := Table{Rows: []Row{
		{Unit: "MB/s", Rounds: [2]int{9, 9}, Alone: 0.6, Change: -1}, {Unit: "MB/s", Rounds: [2]int{9, 9}, Alone: 0.001, Change: -1},
		{Unit: "MB/s", Rounds: [2]int{9, 9}, Alone: 1, alike: true}, {Unit: "MB/s", Rounds: [2]int{9, 9}, Alone: 0.02, Change: -1},
		{Unit: "MB/s", Rounds: [2]int{2, 2}, Alone: 0.3, Change: -1},
	}}
	table.correct()
	for i, want := range []float64{0.6, 0.003, 1, 0.04, 0.3} {
		if got := table.Rows[i].P; math.Abs(got-want) > 1e-12 {
			t.Errorf("row %d: %g, want %g", i, got, want)
		}
	}
	if table.Regressions() != 1 || table.Rows[4].Verdict != TooFew || table.Rows[2].Verdict != Same {
		t.Errorf("%+v", table.Rows)
	}
}

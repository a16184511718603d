package paired

import (
	"math"
	"math/rand/v2"
	"testing"
)

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-6 }

// The example of Hollander and Wolfe (Nonparametric Statistical Methods, 1973, page 29): a scale of depression in nine patients
// before and after treatment. The sum of ranks above zero is 40 of 45; 10 of the 512 ways to choose signs come out as far, and
// the pseudomedian is 0.46 with 95 % of confidence from 0.01 to 0.786.
func TestHollanderWolfe(t *testing.T) {
	before := []float64{1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30}
	after := []float64{0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29}
	d := make([]float64, len(before))
	for i := range d {
		d[i] = before[i] - after[i]
	}
	got := SignedRank(d)
	if got.N != 9 || !near(got.Above, 10.0/512) || !near(got.Differs, 20.0/512) || !near(got.Below, 505.0/512) {
		t.Errorf("%+v", got)
	}
	middle, low, high := Shift(d, 0.05)
	if !near(middle, 0.46) || !near(low, 0.01) || !near(high, 0.786) {
		t.Errorf("%v from %v to %v, want 0.46 from 0.01 to 0.786", middle, low, high)
	}
}

// Worked out by hand: sizes 1 2 2 3 have the ranks 1 2.5 2.5 4. Of the 16 choices of signs two have a sum of 1 or less above
// zero, and all but one have a sum of 1 or more.
func TestTies(t *testing.T) {
	got := SignedRank([]float64{0, 1, -2, -2, 0, -3})
	if got.N != 4 || !near(got.Below, 2.0/16) || !near(got.Above, 15.0/16) || !near(got.Differs, 4.0/16) {
		t.Errorf("%+v", got)
	}
	if got := doubledRanks([]float64{1, -2, 2, -3}); got[0] != 2 || got[1] != 5 || got[2] != 5 || got[3] != 8 {
		t.Errorf("doubled ranks %v", got)
	}
}

func TestFewDifferences(t *testing.T) {
	for _, d := range [][]float64{nil, {0}, {0, 0}} {
		if got := SignedRank(d); got != (Test{Below: 1, Above: 1, Differs: 1}) {
			t.Errorf("%v: %+v", d, got)
		}
	}
	for n := 1; n < 12; n++ {
		d := make([]float64, n)
		for i := range d {
			d[i] = -1 - float64(i)
		}
		if got := SignedRank(d); !near(got.Differs, LeastP(n)) || !near(got.Below, LeastP(n)/2) && n > 1 {
			t.Errorf("%d below zero: %+v, want %v", n, got, LeastP(n))
		}
	}
	if m, _, _ := Shift(nil, 0.05); !math.IsNaN(m) {
		t.Errorf("the middle of nothing is %v", m)
	}
	if m, low, high := Shift([]float64{1, 2}, 0.05); m != 1.5 || !math.IsInf(low, -1) || !math.IsInf(high, 1) {
		t.Errorf("two differences: %v from %v to %v", m, low, high)
	}
}

// The published critical values for a two-sided 5 % (Wilcoxon's table): the sum that is still significant.
func TestCriticalValues(t *testing.T) {
	for n, want := range map[int]int{6: 0, 7: 2, 8: 3, 9: 5, 10: 8, 12: 13, 15: 25, 20: 52, 25: 89} {
		if got := outside(n, 0.025) - 1; got != want {
			t.Errorf("%d differences: %d, want %d", n, got, want)
		}
	}
}

// Where the exact tails end the normal ones go on.
func TestNormalTail(t *testing.T) {
	ranks := make([]int, maxExact)
	for i := range ranks {
		ranks[i] = 2 * (i + 1)
	}
	for _, limit := range []int{15000, 16000, 18000, 20000} {
		if exact, normal := tail(ranks, limit), normalTail(ranks, limit); math.Abs(exact-normal) > 0.001 {
			t.Errorf("sum %d: %v, and as a normal one %v", limit, exact, normal)
		}
	}
	d := make([]float64, 1000)
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range d {
		d[i] = rng.NormFloat64() + 0.3
	}
	if got := SignedRank(d); got.Above > 1e-9 || got.Below < 0.99 {
		t.Errorf("%+v", got)
	}
}

// Under chance alone p is below a level about as often as the level says, and the bounds hold zero.
func TestLevels(t *testing.T) {
	const rounds, n = 4000, 14
	rng := rand.New(rand.NewPCG(3, 4))
	low, out := 0, 0
	for range rounds {
		d := make([]float64, n)
		for i := range d {
			d[i] = rng.NormFloat64()
		}
		if SignedRank(d).Differs < 0.05 {
			low++
		}
		if _, from, to := Shift(d, 0.05); from > 0 || to < 0 {
			out++
		}
	}
	if share := float64(low) / rounds; share < 0.035 || share > 0.06 {
		t.Errorf("p is below 0.05 in %.3f of the rounds", share)
	}
	if low != out {
		t.Errorf("the test rules out zero %d times, the bounds %d times", low, out)
	}
}

// Package paired is statistics for pairs: two things measured in turn, so that the noise of a moment hits both. It works
// on differences; for rates, on differences of their logarithms.
package paired

import (
	"math"
	"slices"
)

// maxExact is the number of differences up to which tails are computed exactly; beyond it they are those of a normal
// distribution.
const maxExact = 200

// Test is how often pairs that differ by chance alone, equally likely in either direction, give differences at least this
// far from zero (the Wilcoxon signed-rank test). Differences of zero do not count; ties share their ranks, and the tails
// are exact with ties, too.
type Test struct {
	N       int     // differences that are not zero
	Below   float64 // p of sums at least as far below zero, from 0 to 1
	Above   float64 // p of sums at least as far above zero
	Differs float64 // p of sums at least as far from zero on either side
}

// SignedRank tests differences, none of which may be NaN. If all are zero, every p is 1.
func SignedRank(differences []float64) Test {
	d := slices.DeleteFunc(slices.Clone(differences), func(x float64) bool { return x == 0 })
	ranks := doubledRanks(d)
	sum, total := 0, 0 // doubled, of the differences above zero and of all
	for i, r := range ranks {
		total += r
		if d[i] > 0 {
			sum += r
		}
	}
	t := Test{N: len(d), Below: tail(ranks, sum), Above: tail(ranks, total-sum)}
	t.Differs = min(1, 2*min(t.Below, t.Above))
	return t
}

// LeastP is the smallest Differs that n differences can give.
func LeastP(n int) float64 { return min(1, math.Pow(2, 1-float64(n))) }

// doubledRanks ranks differences by size, from 1, and doubles the ranks: ties share the mean of their ranks, which may
// have a half.
func doubledRanks(d []float64) []int {
	size := func(i int) float64 { return math.Abs(d[i]) }
	order := make([]int, len(d))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return compare(size(a), size(b)) })
	ranks := make([]int, len(d))
	for from := 0; from < len(order); {
		to := from + 1
		for to < len(order) && size(order[to]) == size(order[from]) {
			to++
		}
		for _, i := range order[from:to] {
			ranks[i] = from + 1 + to // twice the mean of from+1 ... to
		}
		from = to
	}
	return ranks
}

func compare(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// tail is the probability that the sum of the ranks is at most the limit, if each is included or not by the toss of a
// coin.
func tail(ranks []int, limit int) float64 {
	if len(ranks) > maxExact {
		return normalTail(ranks, limit)
	}
	p := 0.0
	for _, c := range chances(ranks, limit) {
		p += c
	}
	return min(1, p)
}

// chances are the probabilities of each sum of the ranks up to the limit.
func chances(ranks []int, limit int) []float64 {
	chance := make([]float64, limit+1)
	chance[0] = 1
	most := 0 // the largest sum so far
	for _, r := range ranks {
		most = min(limit, most+r)
		for sum := most; sum >= r; sum-- {
			chance[sum] = (chance[sum] + chance[sum-r]) / 2
		}
		for sum := range min(r, most+1) {
			chance[sum] /= 2
		}
	}
	return chance
}

// normalTail is tail for many ranks. The half step (ranks are doubled) is the usual continuity correction.
func normalTail(ranks []int, limit int) float64 {
	mean, variance := 0.0, 0.0
	for _, r := range ranks {
		mean += float64(r) / 2
		variance += float64(r) * float64(r) / 4
	}
	return math.Erfc((mean-float64(limit)-1)/math.Sqrt(2*variance)) / 2
}

// Shift estimates by how much the pairs differ (Hodges and Lehmann): the median of the means of every two differences,
// and the bounds of a confidence interval, which misses the true shift with probability alpha, half of it on each side.
// The interval holds the shifts that SignedRank would not rule out. With too few differences the bounds are infinite;
// with none all three are NaN.
func Shift(differences []float64, alpha float64) (middle, low, high float64) {
	n := len(differences)
	if n == 0 {
		return math.NaN(), math.NaN(), math.NaN()
	}
	means := make([]float64, 0, n*(n+1)/2)
	for i, a := range differences {
		for _, b := range differences[i:] {
			means = append(means, (a+b)/2)
		}
	}
	slices.Sort(means)
	middle = (means[(len(means)-1)/2] + means[len(means)/2]) / 2
	k := outside(n, alpha/2)
	if k == 0 {
		return middle, math.Inf(-1), math.Inf(1)
	}
	return middle, means[k-1], means[len(means)-k]
}

// outside is how many of the means are out of bounds on one side, counting the bound: the most for which a sum of ranks
// below it has a probability of at most p.
func outside(n int, p float64) int {
	ranks := make([]int, n)
	for i := range ranks {
		ranks[i] = i + 1
	}
	half := n * (n + 1) / 4 // where the probability is a half
	below := 0.0
	k := 0
	if n <= maxExact {
		for _, c := range chances(ranks, half) {
			if below += c; below > p {
				break
			}
			k++
		}
		return k
	}
	for i := range ranks {
		ranks[i] *= 2
	}
	for k < half && normalTail(ranks, 2*k) <= p {
		k++
	}
	return k
}

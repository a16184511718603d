package lanes

import "slices"

// jain is the fairness index of Jain, Chiu and Hawe (DEC-TR-301, 1984): the square of the sum over n times the sum of the
// squares. Equal values give 1; if one of n has everything, it is 1/n. Values are 0 or more; no values, or only zeros,
// give 0.
func jain(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	largest := slices.Max(values)
	if largest <= 0 {
		return 0
	}
	var sum, squares float64
	for _, v := range values {
		v /= largest // squares of byte counts would lose digits, or overflow
		sum += v
		squares += v * v
	}
	return sum * sum / (float64(len(values)) * squares)
}

// imbalance is the largest value divided by the mean: 1 if even, n if one of n has everything. All lanes together take as
// long as the fullest, so it is also how many times longer they take than if they were even. No values give 0.
func imbalance(values []float64) float64 {
	var sum float64
	for _, v := range values {
		sum += v
	}
	if sum <= 0 {
		return 0
	}
	return slices.Max(values) * float64(len(values)) / sum
}

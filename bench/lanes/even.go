package lanes

import "slices"

// jain is the fairness index of Jain, Chiu and Hawe (DEC-TR-301, 1984): the square of the sum over n times the sum of the
// squares. All values alike give 1, one of n that has everything gives 1/n. Values are 0 or more; none, or nothing but zeros,
// gives 0.
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

// imbalance is the largest value over their mean: 1 is even, n is one of n that has everything. The time that all lanes
// together take is that of the fullest, so it is also how many times longer it takes than if they were even. Nothing gives 0.
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

package flowhash

import "slices"

// Jain is the fairness index of Jain, Chiu and Hawe (DEC-TR-301, 1984): the square of the sum over n times the sum of the
// squares. All values alike give 1, one of n that has everything gives 1/n. Values are 0 or more; none, or nothing but zeros,
// gives 0.
func Jain(values []float64) float64 {
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

// Imbalance is the largest value over their mean: 1 is even, n is one of n that has everything. The time that all lanes
// together take is that of the fullest, so it is also how many times longer it takes than if they were even. Nothing gives 0.
func Imbalance(values []float64) float64 {
	var sum float64
	for _, v := range values {
		sum += v
	}
	if sum <= 0 {
		return 0
	}
	return slices.Max(values) * float64(len(values)) / sum
}

// Efficiency is a goodput over the sum of what the lanes could carry, in the same unit; 0 where no lane's rate is known.
// Headers are not payload: it stays below 1 on full lanes, at 0.941 for TCP with time stamps over IPv4 on Ethernet of MTU 1500
// (1448 bytes of payload in 1538 on the wire: 52 of TCP/IP, 38 of Ethernet with preamble and gap).
func Efficiency(goodput float64, rates []float64) float64 {
	var sum float64
	for _, rate := range rates {
		sum += rate
	}
	if sum <= 0 {
		return 0
	}
	return goodput / sum
}

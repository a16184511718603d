package prbs

// Odd numbers have an inverse modulo 1<<64, so a multiplication by one can be undone. So can x ^ x>>n, because the upper n bits are
// unchanged, and give the next n, and so on.
const (
	stride        uint64 = 0x9e3779b97f4a7c15 // 1<<64 over the golden ratio: neighbours lie far apart
	strideInverse uint64 = 0xf1de83e19937733d

	// The two multipliers of splitmix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, OOPSLA 2014, in
	// Stafford's variant 13), of whose two rounds mix has one.
	first         uint64 = 0xbf58476d1ce4e5b9
	firstInverse  uint64 = 0x96de1b173f119089
	second        uint64 = 0x94d049bb133111eb
	secondInverse uint64 = 0x319642b2d24d8ec3
)

// mix makes a word. Bits of the upper half reach the lower half before the multiplication and after it.
func mix(x uint64) uint64 {
	x ^= x >> 32
	x *= first
	return x ^ x>>29
}

// unmix is what mix made the word from.
func unmix(x uint64) uint64 {
	x ^= x>>29 ^ x>>58
	x *= firstInverse
	return x ^ x>>32
}

// scatter makes a key from a seed: neighbouring seeds begin far apart in the cycle.
func scatter(seed uint64) uint64 {
	x := mix(seed+stride) * second
	return x ^ x>>31
}

// gather is the seed of a key.
func gather(key uint64) uint64 {
	key ^= key>>31 ^ key>>62
	return unmix(key*secondInverse) - stride
}

package doctor

import (
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"strings"
)

// size writes bytes with the largest unit that leaves a whole number.
func size(n int64) string {
	units := []string{"", "k", "M", "G"}
	u := 0
	for n != 0 && n%1024 == 0 && u < len(units)-1 {
		n /= 1024
		u++
	}
	return strconv.FormatInt(n, 10) + units[u]
}

// speed writes bits a second.
func speed(bits uint64) string {
	switch {
	case bits >= 1e9 && bits%1e8 == 0:
		return strconv.FormatFloat(float64(bits)/1e9, 'f', -1, 64) + "G"
	default:
		return strconv.FormatFloat(float64(bits)/1e6, 'f', -1, 64) + "M"
	}
}

// figure writes a number with a digit or two after the point, if they say something.
func figure(f float64) string {
	fine := 10.0
	if f < 1 {
		fine = 100
	}
	return strconv.FormatFloat(math.Round(f*fine)/fine, 'f', -1, 64)
}

// count writes a number with its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// cpuMask writes CPUs as the kernel's files take them: hexadecimal, 32 bits a group.
func cpuMask(cpus []int) string {
	most := 0
	for _, c := range cpus {
		most = max(most, c)
	}
	groups := make([]uint32, most/32+1)
	for _, c := range cpus {
		groups[c/32] |= 1 << (c % 32)
	}
	words := []string{strconv.FormatUint(uint64(groups[len(groups)-1]), 16)}
	for i := len(groups) - 2; i >= 0; i-- {
		words = append(words, fmt.Sprintf("%08x", groups[i]))
	}
	return strings.Join(words, ",")
}

// powerOf2 is the smallest power of two that is n or more.
func powerOf2(n int64) int64 {
	if n <= 1 {
		return 1
	}
	return 1 << bits.Len64(uint64(n-1))
}

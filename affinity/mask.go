package affinity

import (
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"strings"
)

// parseMask reads a CPU mask as sysfs writes it: words of 32 bits in hexadecimal, the highest first, separated by commas.
// "3" is CPUs 0 and 1, "00000001,00000000" is CPU 32. There may be words of zeros beyond MaxCPUs. The CPUs ascend. The
// error is one line that quotes the mask.
func parseMask(s string) ([]int, error) {
	words := strings.Split(s, ",")
	slices.Reverse(words)
	var cpus []int
	for i, word := range words {
		value, err := strconv.ParseUint(word, 16, 32)
		if err != nil || len(word) > 8 {
			return nil, fmt.Errorf("CPU mask %q: expected up to 8 hexadecimal digits between commas, got %q", s, word)
		}
		for ; value != 0; value &= value - 1 {
			cpu := i*32 + bits.TrailingZeros64(value)
			if cpu >= MaxCPUs {
				return nil, fmt.Errorf("CPU mask %q: CPU %d, expected 0 to %d", s, cpu, MaxCPUs-1)
			}
			cpus = append(cpus, cpu)
		}
	}
	return cpus, nil
}

// sortedSet sorts numbers in place and removes duplicates.
func sortedSet(numbers []int) []int {
	slices.Sort(numbers)
	return slices.Compact(numbers)
}

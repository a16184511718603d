package affinity

import (
	"fmt"
	"strconv"
	"strings"
)

// ParseList reads CPU numbers and ranges such as "0-3,8,10-11", as in cpuset(7), and keeps their order: loops are pinned
// to them in turn. Every number is 0 to MaxCPUs-1 and occurs once, a range ascends, blanks are not allowed. The error is
// one line that quotes the list and says what was expected.
func ParseList(s string) ([]int, error) {
	var cpus []int
	var seen cpuMask
	for item := range strings.SplitSeq(s, ",") {
		first, last, err := parseItem(item)
		if err != nil {
			return nil, fmt.Errorf("CPU list %q: %w", s, err)
		}
		for cpu := first; cpu <= last; cpu++ {
			if seen.has(cpu) {
				return nil, fmt.Errorf("CPU list %q: CPU %d occurs twice", s, cpu)
			}
			seen.add(cpu)
			cpus = append(cpus, cpu)
		}
	}
	return cpus, nil
}

// parseItem reads "N" or "N-M".
func parseItem(item string) (first, last int, err error) {
	low, high, isRange := strings.Cut(item, "-")
	if first, err = parseCPU(low); err != nil {
		return 0, 0, err
	}
	if !isRange {
		return first, first, nil
	}
	if last, err = parseCPU(high); err != nil {
		return 0, 0, err
	}
	if last < first {
		return 0, 0, fmt.Errorf("range %q runs backwards", item)
	}
	return first, last, nil
}

func parseCPU(s string) (int, error) {
	cpu, err := strconv.ParseUint(s, 10, 32)
	if err != nil || cpu >= MaxCPUs {
		return 0, fmt.Errorf("expected a CPU number from 0 to %d, as in 0-3,8, got %q", MaxCPUs-1, s)
	}
	return int(cpu), nil
}

// FormatList writes a list that ParseList reads back: ascending neighbours become a range.
func FormatList(cpus []int) string {
	var b strings.Builder
	for len(cpus) > 0 {
		run := 1
		for run < len(cpus) && cpus[run] == cpus[run-1]+1 {
			run++
		}
		if b.Len() > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.Itoa(cpus[0]))
		if run > 1 {
			b.WriteByte('-')
			b.WriteString(strconv.Itoa(cpus[run-1]))
		}
		cpus = cpus[run:]
	}
	return b.String()
}

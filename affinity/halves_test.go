package affinity

import (
	"slices"
	"testing"
)

// Each end has its half of the CPUs, from a place that depends on the process; more loops than that have all of them, and begin there.
func TestInHalves(t *testing.T) {
	eight := []int{0, 1, 2, 3, 8, 9, 10, 11}
	for _, c := range []struct {
		allowed     []int
		upper       bool
		loops, turn int
		want        []int
	}{
		{[]int{5}, false, 1, 7, []int{5}},
		{[]int{5}, true, 2, 7, []int{5, 5}},
		{[]int{0, 1}, false, 1, 7, []int{0}},
		{[]int{0, 1}, true, 1, 6, []int{1}},
		{[]int{0, 1}, false, 2, 7, []int{0, 1}},
		{[]int{0, 1}, true, 2, 6, []int{1, 0}},
		{[]int{0, 1, 2}, true, 2, 1, []int{2, 0}},
		{eight, false, 2, 1, []int{1, 3}},
		{eight, true, 4, 2, []int{10, 11, 8, 9}},
		{eight, true, 8, 1, []int{9, 10, 11, 0, 1, 2, 3, 8}},
	} {
		if got := InHalves(c.allowed, c.upper, c.loops, c.turn); !slices.Equal(got, c.want) {
			t.Errorf("%d loops of CPUs %v, upper %v, turn %d: %v, want %v", c.loops, c.allowed, c.upper, c.turn, got, c.want)
		}
	}
}

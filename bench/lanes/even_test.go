package lanes

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func near(a, b float64) bool { return math.Abs(a-b) < 1e-9 }

func TestEvenness(t *testing.T) {
	for _, v := range []struct {
		values          []float64
		jain, imbalance float64
	}{
		{nil, 0, 0},
		{[]float64{0, 0}, 0, 0},
		{[]float64{5}, 1, 1},
		{[]float64{7, 7, 7, 7}, 1, 1},
		{[]float64{1, 0, 0, 0}, 0.25, 4},
		{[]float64{1, 1, 0, 0}, 0.5, 2},
		{[]float64{3, 1}, 0.8, 1.5}, // 4*4 / (2*10); 3 / 2
		{[]float64{1e200, 1e200}, 1, 1},
	} {
		if got := jain(v.values); !near(got, v.jain) {
			t.Errorf("Jain of %v: %v, expected %v", v.values, got, v.jain)
		}
		if got := imbalance(v.values); !near(got, v.imbalance) {
			t.Errorf("imbalance of %v: %v, expected %v", v.values, got, v.imbalance)
		}
	}
}

func TestEvennessIsInRange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(0, 1e12), 1, 16).Draw(t, "values")
		values = append(values, 1) // not all zeros
		n := float64(len(values))
		if j := jain(values); j < 1/n-1e-9 || j > 1+1e-9 {
			t.Fatalf("Jain %v of %v values", j, n)
		}
		if m := imbalance(values); m < 1-1e-9 || m > n+1e-9 {
			t.Fatalf("imbalance %v of %v values", m, n)
		}
	})
}

package flowhash

import (
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func near(a, b float64) bool { return math.Abs(a-b) < 1e-9 }

func TestFigures(t *testing.T) {
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
		if got := Jain(v.values); !near(got, v.jain) {
			t.Errorf("Jain of %v: %v, expected %v", v.values, got, v.jain)
		}
		if got := Imbalance(v.values); !near(got, v.imbalance) {
			t.Errorf("imbalance of %v: %v, expected %v", v.values, got, v.imbalance)
		}
	}
	if got := Efficiency(37.6, []float64{10, 10, 10, 10}); !near(got, 0.94) {
		t.Errorf("efficiency %v, expected 0.94", got)
	}
	if Efficiency(1, nil) != 0 || Efficiency(1, []float64{0}) != 0 {
		t.Error("an efficiency without lane rates")
	}
}

func TestFiguresAreInRange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(0, 1e12), 1, 16).Draw(t, "values")
		values = append(values, 1) // not all zeros
		n := float64(len(values))
		if j := Jain(values); j < 1/n-1e-9 || j > 1+1e-9 {
			t.Fatalf("Jain %v of %v values", j, n)
		}
		if m := Imbalance(values); m < 1-1e-9 || m > n+1e-9 {
			t.Fatalf("imbalance %v of %v values", m, n)
		}
	})
}

func TestReport(t *testing.T) {
	table := Table{
		Lanes: []string{"eth0", "eth1", "eth2"},
		Flows: []Placed{
			{Bytes: 300, Predicted: 0, Found: 0},
			{Bytes: 100, Predicted: 1, Found: 0},
			{Bytes: 400, Predicted: 1, Found: NoLane},
			{Bytes: 100, Predicted: NoLane, Found: 1},
			{Bytes: 100, Predicted: NoLane, Found: NoLane},
		},
	}
	want := []string{
		"lane 0 eth0: 2 flows, 400 bytes, 40.0 %",
		"lane 1 eth1: 2 flows, 500 bytes, 50.0 %",
		"lane 2 eth2: 0 flows, 0 bytes, 0.0 %",
		"lane not known: 1 flow, 100 bytes, 10.0 %",
		"lanes: Jain 0.659, fullest 1.67 of the mean, predicted 1 of 2", // 900*900 / (3*410000); 500/300
	}
	if got := table.Report(); !slices.Equal(got, want) {
		t.Errorf("%s\nexpected\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	nothing := []string{"lane 0 eth0: 0 flows, 0 bytes, 0.0 %", "lanes: Jain 0.000, fullest 0.00 of the mean, none was both predicted and found"}
	if got := (Table{Lanes: []string{"eth0"}}).Report(); !slices.Equal(got, nothing) {
		t.Errorf("%s\nexpected\n%s", strings.Join(got, "\n"), strings.Join(nothing, "\n"))
	}
}

package main

import (
	"math"
	"testing"
)

func TestParsePercent(t *testing.T) {
	for word, want := range map[string]float64{"5%": 0.05, "5": 0.05, "2.5%": 0.025, "0": 0, "100%": 1, ".5": 0.005} {
		if got, ok := parsePercent(word); !ok || math.Abs(got-want) > 1e-12 {
			t.Errorf("%s: %v, %v", word, got, ok)
		}
	}
	for _, word := range []string{"", "%", ".", "-1", "101", "5%%", "1e1", "NaN", "Inf", "0x5", "5 %", "five"} {
		if got, ok := parsePercent(word); ok {
			t.Errorf("%s: %v", word, got)
		}
	}
}

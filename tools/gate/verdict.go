package main

import (
	"fmt"
	"math"
	"slices"

	"viamillipede/bench/paired"
)

// The bounds of a verdict. The test is exact whatever the noise is like, so one set wrongly finds an equally fast program
// slower with a probability of at most level. The gate fails if two independent sets find so, or if all their pairs
// together are as unlikely as that: wrongly with a probability of at most 2 level^2, two runs in ten thousand. Since the
// typical ratio must be below tolerated as well, it is less still.
const (
	level     = 0.01 // of one set
	tolerated = 0.90 // of the rate of the program before
	visible   = 0.80 // a set that cannot tell a program as slow as this from an equal one says nothing
)

// finding is what one set of pairs says.
type finding struct {
	pairs           int
	ratio, low, top float64 // rate of the new program to that of the old one: typical, and its bounds (98 %)
	p               float64 // of ratios this low if both programs are equally fast
}

// find judges the ratios of a set, new to old.
func find(ratios []float64) finding {
	d := make([]float64, len(ratios))
	for i, r := range ratios {
		d[i] = math.Log(r)
	}
	middle, low, top := paired.Shift(d, 2*level)
	return finding{len(ratios), math.Exp(middle), math.Exp(low), math.Exp(top), paired.SignedRank(d).Below}
}

// slower reports whether the new program is slower, significantly at a level and by more than is tolerated.
func (f finding) slower(level float64) bool { return f.p < level && f.ratio < tolerated }

// blind reports whether the noise could hide a slowdown that must be seen.
func (f finding) blind() bool { return f.low < visible }

func (f finding) String() string {
	return fmt.Sprintf("new/old %.3f over %d pairs, 98 %% between %.3f and %.3f, p of no more by chance %.4f",
		f.ratio, f.pairs, f.low, f.top, f.p)
}

// verdict takes a set of ratios, and a second one if the first finds the program slower or could hide that it is. It
// returns whether the gate is passed, and why. The errors are those of take.
func verdict(take func(set int) ([]float64, error)) (passed bool, why string, err error) {
	one, err := take(0)
	if err != nil {
		return false, "", err
	}
	first := find(one)
	if !first.slower(level) && !first.blind() {
		return true, "not slower", nil
	}
	two, err := take(1)
	if err != nil {
		return false, "", err
	}
	second, both := find(two), find(slices.Concat(one, two))
	switch {
	case first.slower(level) && second.slower(level), both.slower(level * level):
		return false, fmt.Sprintf("slower than %.0f %% of the rate of the program before: %v", 100*tolerated, both), nil
	case both.blind():
		return true, fmt.Sprintf("no verdict, too noisy to tell a program at %.0f %% of the rate: %v", 100*visible, both), nil
	}
	return true, fmt.Sprintf("not slower, both sets together: %v", both), nil
}

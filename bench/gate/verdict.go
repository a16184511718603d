package main

import (
	"fmt"
	"math"

	"viamillipede/bench/internal/paired"
)

// The bounds of a verdict. A set finds a program slower that is as fast as the other one with a chance of no more than level,
// whatever the noise is like, since the test counts out what chance can do; two sets, which are independent of each other, with no
// more than its square: one in ten thousand. That the typical ratio has to be below tolerated as well makes it less still.
const (
	level     = 0.01 // of one set
	tolerated = 0.90 // of the rate of the program before
	visible   = 0.80 // a program as slow as this has to be told from one that is not slower, or the set says nothing
)

// finding is what one set of pairs says.
type finding struct {
	pairs           int
	ratio, low, top float64 // rate of the new program to that of the old one: typical, and between what bounds (98 %)
	p               float64 // of ratios so low among programs that are alike
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

// slower is significant and by more than is tolerated.
func (f finding) slower() bool { return f.p < level && f.ratio < tolerated }

// blind is true where the noise could hide a slowdown that has to be seen.
func (f finding) blind() bool { return !f.slower() && f.low < visible }

func (f finding) String() string {
	return fmt.Sprintf("new/old %.3f over %d pairs, 98 %% between %.3f and %.3f, p of no less by chance %.4f",
		f.ratio, f.pairs, f.low, f.top, f.p)
}

// verdict takes a set, and a second one where the first says that the program is slower. It says what it came to, and whether
// the gate is passed.
func verdict(take func(set int) (finding, error)) (passed bool, why string, err error) {
	const sets = 2
	for set := range sets {
		f, err := take(set)
		switch {
		case err != nil:
			return false, "", err
		case f.blind():
			return true, fmt.Sprintf("no verdict: the machine is too noisy to tell a program at %.0f %% of the rate", 100*visible), nil
		case !f.slower() && set > 0:
			return true, "the second set does not say what the first one said", nil
		case !f.slower():
			return true, "not slower", nil
		}
	}
	return false, fmt.Sprintf("slower than %.0f %% of the rate of the program before, in both sets", 100*tolerated), nil
}

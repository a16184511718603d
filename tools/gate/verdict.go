package main

import (
	"fmt"
	"math"
	"slices"

	"viamillipede/bench/paired"
)

// The bounds of a verdict. The test is exact whatever the noise is like, so one set wrongly finds an equally good program
// worse, in one of two respects, with a probability of at most level for each. The gate fails if two independent sets find so
// in the same respect, or if all their pairs together are as unlikely as that: wrongly with a probability of at most 4 level^2,
// four runs in ten thousand. Since the typical ratio must be below tolerated as well, it is less still.
const (
	level     = 0.01 // of one set
	tolerated = 0.90 // of what the program before was worth
	visible   = 0.80 // a set that cannot tell a program worth as little as this from an equal one says nothing
)

// ratios are those of the pairs of a set. Below 1 the new program is worse.
type ratios struct {
	rate []float64 // new to old
	cpu  []float64 // CPU time for each GiB, old to new
}

// and joins two sets.
func (r ratios) and(o ratios) ratios {
	return ratios{slices.Concat(r.rate, o.rate), slices.Concat(r.cpu, o.cpu)}
}

// respect is one way in which a program can be worse, in the words of the verdict.
type respect struct {
	of     func(ratios) []float64
	fine   string
	worse  string
	hidden string // what noise could hide
}

var respects = []respect{
	{
		func(r ratios) []float64 { return r.rate }, "not slower",
		fmt.Sprintf("slower than %.0f %% of the rate of the program before", 100*tolerated),
		fmt.Sprintf("a program at %.0f %% of the rate", 100*visible),
	},
	{
		func(r ratios) []float64 { return r.cpu }, "no more CPU time",
		fmt.Sprintf("more than %.0f %% of the CPU time of the program before", 100/tolerated),
		fmt.Sprintf("a program with %.0f %% of the CPU time", 100/visible),
	},
}

// finding is what one set of pairs says in one respect.
type finding struct {
	pairs           int
	ratio, low, top float64 // typical, and its bounds (98 %)
	p               float64 // of ratios this low if both programs are alike
}

// find judges the ratios of a set.
func find(ratios []float64) finding {
	d := make([]float64, len(ratios))
	for i, r := range ratios {
		d[i] = math.Log(r)
	}
	middle, low, top := paired.Shift(d, 2*level)
	return finding{len(ratios), math.Exp(middle), math.Exp(low), math.Exp(top), paired.SignedRank(d).Below}
}

// worse reports whether the new program is, significantly at a level and by more than is tolerated.
func (f finding) worse(level float64) bool { return f.p < level && f.ratio < tolerated }

// blind reports whether the noise could hide what must be seen.
func (f finding) blind() bool { return f.low < visible }

func (f finding) String() string {
	return fmt.Sprintf("%.3f over %d pairs, 98 %% between %.3f and %.3f, p of no more by chance %.4f",
		f.ratio, f.pairs, f.low, f.top, f.p)
}

// verdict takes a set of ratios, and a second one if the first finds the program worse or could hide that it is. It
// returns whether the gate is passed, and why. The errors are those of take.
func verdict(take func(set int) (ratios, error)) (passed bool, why string, err error) {
	one, err := take(0)
	if err != nil {
		return false, "", err
	}
	if !slices.ContainsFunc(respects, func(r respect) bool { return r.doubtful(one) }) {
		return true, respects[0].fine + ", " + respects[1].fine, nil
	}
	two, err := take(1)
	if err != nil {
		return false, "", err
	}
	for _, r := range respects {
		if r.fails(one, two) {
			return false, fmt.Sprintf("%s: %v", r.worse, find(r.of(one.and(two)))), nil
		}
	}
	for _, r := range respects {
		if both := find(r.of(one.and(two))); both.blind() {
			return true, fmt.Sprintf("no verdict, too noisy to tell %s: %v", r.hidden, both), nil
		}
	}
	return true, respects[0].fine + ", " + respects[1].fine + ", both sets together", nil
}

// doubtful reports whether a set finds the program worse, or could hide that it is.
func (r respect) doubtful(set ratios) bool {
	f := find(r.of(set))
	return f.worse(level) || f.blind()
}

// fails reports whether two sets together find the program worse.
func (r respect) fails(one, two ratios) bool {
	first, second := find(r.of(one)), find(r.of(two))
	return first.worse(level) && second.worse(level) || find(r.of(one.and(two))).worse(level*level)
}

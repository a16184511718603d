package main

import (
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
)

// machine makes ratios of neighbours like those of a shared machine: the logarithm of each is normal, and one in ten is
// three times as far off.
type machine struct {
	rng   *rand.Rand
	noise float64 // standard deviation of a logarithm
}

func (m machine) set(pairs int, speed float64) finding {
	ratios := make([]float64, pairs)
	for i := range ratios {
		far := m.noise
		if m.rng.IntN(10) == 0 {
			far *= 3
		}
		ratios[i] = speed * math.Exp(m.rng.NormFloat64()*far)
	}
	return find(ratios)
}

// How often the gate fails, and how often it says nothing, in so many runs.
func failures(t *testing.T, noise, speed float64, runs int) (failed, blind int) {
	t.Helper()
	m := machine{rand.New(rand.NewPCG(1, 2)), noise}
	for range runs {
		passed, why, err := verdict(func(int) (finding, error) { return m.set(defaultPairs, speed), nil })
		if err != nil {
			t.Fatal(err)
		}
		if !passed {
			failed++
		}
		if strings.HasPrefix(why, "no verdict") {
			blind++
		}
	}
	return failed, blind
}

func TestHowOftenItFails(t *testing.T) {
	const runs = 2000
	for _, c := range []struct {
		noise, speed float64
		least, most  float64 // share of the runs that fail
	}{
		{0.10, 1, 0, 0},
		{0.20, 1, 0, 0.001},
		{0.40, 1, 0, 0.001},
		{0.10, 0.95, 0, 0.005}, // a little slower is tolerated
		{0.08, 0.8, 0.99, 1},
		{0.12, 0.8, 0.99, 1},
		{0.17, 0.8, 0.90, 1},
		{0.05, 0.7, 1, 1},
	} {
		failed, blind := failures(t, c.noise, c.speed, runs)
		share := float64(failed) / runs
		t.Logf("noise %.2f, speed %.2f: fails in %.4f, no verdict in %.4f", c.noise, c.speed, share, float64(blind)/runs)
		if share < c.least || share > c.most {
			t.Errorf("noise %.2f, speed %.2f: fails in %.4f of the runs, want %.4f to %.4f", c.noise, c.speed, share, c.least, c.most)
		}
	}
}

// A set finds a program slower that is not with no more than the chance that level says, whatever the noise.
func TestLevelOfASet(t *testing.T) {
	const runs = 10000
	for _, noise := range []float64{0.05, 0.2, 0.8} {
		m := machine{rand.New(rand.NewPCG(3, 4)), noise}
		slower := 0
		for range runs {
			if m.set(defaultPairs, 1).slower() {
				slower++
			}
		}
		if share := float64(slower) / runs; share > 1.25*level {
			t.Errorf("noise %.2f: %.4f of the sets", noise, share)
		}
	}
}

func TestVerdict(t *testing.T) {
	slow, same := finding{p: 0.001, ratio: 0.8, low: 0.75, top: 0.85}, finding{p: 0.4, ratio: 0.99, low: 0.95, top: 1.03}
	little, noisy := finding{p: 0.001, ratio: 0.95, low: 0.93, top: 0.97}, finding{p: 0.02, ratio: 0.85, low: 0.6, top: 1.1}
	for _, c := range []struct {
		sets   []finding
		passed bool
		why    string
	}{
		{[]finding{same}, true, "not slower"},
		{[]finding{little}, true, "not slower"},
		{[]finding{noisy}, true, "no verdict"},
		{[]finding{slow, slow}, false, "in both sets"},
		{[]finding{slow, same}, true, "the second set"},
		{[]finding{slow, noisy}, true, "no verdict"},
	} {
		taken := 0
		passed, why, err := verdict(func(set int) (finding, error) {
			taken++
			return c.sets[set], nil
		})
		if passed != c.passed || !strings.Contains(why, c.why) || err != nil || taken != len(c.sets) {
			t.Errorf("%+v: %v, %q, %v after %d sets", c.sets, passed, why, err, taken)
		}
	}
	if passed, _, err := verdict(func(int) (finding, error) { return finding{}, os.ErrClosed }); passed || err == nil {
		t.Errorf("a set that failed: %v, %v", passed, err)
	}
}

// Only what is wrong with the program of the commit before is no failure.
func TestTolerate(t *testing.T) {
	for _, c := range []struct {
		err    error
		passed bool
	}{
		{&failure{true, errors.New("tx: exit status 3")}, true},
		{&failure{false, errors.New("tx: exit status 3")}, false},
		{os.ErrClosed, false},
	} {
		if passed, err := tolerate(c.err); passed != c.passed || (err == nil) != c.passed {
			t.Errorf("%v: %v, %v", c.err, passed, err)
		}
	}
}

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

func (m machine) set(speed float64) []float64 {
	ratios := make([]float64, defaultPairs)
	for i := range ratios {
		far := m.noise
		if m.rng.IntN(10) == 0 {
			far *= 3
		}
		ratios[i] = speed * math.Exp(m.rng.NormFloat64()*far)
	}
	return ratios
}

// How often the gate fails, and how often it says nothing, in so many runs.
func failures(t *testing.T, noise, speed float64, runs int) (failed, blind int) {
	t.Helper()
	m := machine{rand.New(rand.NewPCG(1, 2)), noise}
	for range runs {
		passed, why, err := verdict(func(int) ([]float64, error) { return m.set(speed), nil })
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
	const runs = 800
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
		{0.17, 0.8, 0.98, 1},
		{0.25, 0.75, 0.97, 1},
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
	const runs = 4000
	for _, noise := range []float64{0.05, 0.2, 0.8} {
		m := machine{rand.New(rand.NewPCG(3, 4)), noise}
		slower := 0
		for range runs {
			if find(m.set(1)).slower(level) {
				slower++
			}
		}
		if share := float64(slower) / runs; share > 1.5*level {
			t.Errorf("noise %.2f: %.4f of the sets", noise, share)
		}
	}
}

func TestVerdict(t *testing.T) {
	// Ratios that spread evenly around a middle.
	set := func(middle, spread float64) []float64 {
		ratios := make([]float64, 12)
		for i := range ratios {
			ratios[i] = middle * math.Exp(spread*(float64(i)-5.5)/5.5)
		}
		return ratios
	}
	slow, same, little := set(0.8, 0.1), set(0.99, 0.1), set(0.95, 0.02)
	for _, c := range []struct {
		name   string
		sets   [][]float64
		passed bool
		why    string
	}{
		{"the same", [][]float64{same}, true, "not slower"},
		{"a little slower", [][]float64{little}, true, "not slower"},
		{"slower", [][]float64{slow, slow}, false, "slower than 90 %"},
		{"slower once", [][]float64{slow, set(1.05, 0.1)}, true, "not slower, both sets together"},
		{"noise alone", [][]float64{set(0.99, 1), set(1, 1)}, true, "no verdict"},
		{"slower in noise, which both sets together see through", [][]float64{set(0.7, 0.5), set(0.65, 0.5)}, false, "slower than 90 %"},
	} {
		taken := 0
		passed, why, err := verdict(func(set int) ([]float64, error) {
			taken++
			return c.sets[set], nil
		})
		if passed != c.passed || !strings.HasPrefix(why, c.why) || err != nil || taken != len(c.sets) {
			t.Errorf("%s: %v, %q, %v after %d sets", c.name, passed, why, err, taken)
		}
	}
	for failing := range 2 {
		passed, _, err := verdict(func(set int) ([]float64, error) {
			if set == failing {
				return nil, os.ErrClosed
			}
			return slow, nil
		})
		if passed || err == nil {
			t.Errorf("set %d failed: %v, %v", failing, passed, err)
		}
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
		if err := tolerate(c.err); (err == nil) != c.passed {
			t.Errorf("%v: %v", c.err, err)
		}
	}
}

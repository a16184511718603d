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

func (m machine) series(speed float64) []float64 {
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
func failures(t *testing.T, noise, speed, cpu float64, runs int) (failed, blind int) {
	t.Helper()
	m := machine{rand.New(rand.NewPCG(1, 2)), noise}
	for range runs {
		passed, why, err := verdict(func(int) (ratios, error) { return ratios{m.series(speed), m.series(cpu)}, nil })
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
		noise, speed, cpu float64
		least, most       float64 // share of the runs that fail
	}{
		{0.10, 1, 1, 0, 0},
		{0.20, 1, 1, 0, 0.001},
		{0.40, 1, 1, 0, 0.001},
		{0.10, 0.95, 1, 0, 0.005}, // a little slower is tolerated
		{0.08, 0.8, 1, 0.99, 1},
		{0.12, 0.8, 1, 0.99, 1},
		{0.17, 0.8, 1, 0.98, 1},
		{0.25, 0.75, 1, 0.97, 1},
		{0.05, 0.7, 1, 1, 1},
		{0.10, 1, 0.95, 0, 0.005}, // a little more CPU time is tolerated
		{0.12, 1, 0.8, 0.99, 1},
		{0.05, 1.3, 0.7, 1, 1}, // faster at that price
	} {
		failed, blind := failures(t, c.noise, c.speed, c.cpu, runs)
		share := float64(failed) / runs
		t.Logf("noise %.2f, speed %.2f, CPU %.2f: fails in %.4f, no verdict in %.4f", c.noise, c.speed, c.cpu, share, float64(blind)/runs)
		if share < c.least || share > c.most {
			t.Errorf("noise %.2f, speed %.2f, CPU %.2f: fails in %.4f of the runs, want %.4f to %.4f", c.noise, c.speed, c.cpu, share, c.least, c.most)
		}
	}
}

// A set finds a program worse that is not with no more than the chance that level says, whatever the noise.
func TestLevelOfASet(t *testing.T) {
	const runs = 4000
	for _, noise := range []float64{0.05, 0.2, 0.8} {
		m := machine{rand.New(rand.NewPCG(3, 4)), noise}
		worse := 0
		for range runs {
			if find(m.series(1)).worse(level) {
				worse++
			}
		}
		if share := float64(worse) / runs; share > 1.5*level {
			t.Errorf("noise %.2f: %.4f of the sets", noise, share)
		}
	}
}

func TestVerdict(t *testing.T) {
	// Ratios that spread evenly around a middle.
	even := func(middle, spread float64) []float64 {
		ratios := make([]float64, 12)
		for i := range ratios {
			ratios[i] = middle * math.Exp(spread*(float64(i)-5.5)/5.5)
		}
		return ratios
	}
	slow, same, little, fast := even(0.8, 0.1), even(0.99, 0.1), even(0.95, 0.02), even(1.05, 0.1)
	for _, c := range []struct {
		name   string
		sets   []ratios
		passed bool
		why    string
	}{
		{"the same", []ratios{{same, same}}, true, "not slower, no more"},
		{"a little worse", []ratios{{little, little}}, true, "not slower, no more"},
		{"slower", []ratios{{slow, same}, {slow, same}}, false, "slower than 90 %"},
		{"more CPU time", []ratios{{fast, slow}, {fast, slow}}, false, "more than 111 %"},
		{"slower once, and more CPU time once", []ratios{{slow, fast}, {fast, slow}}, true, "not slower, no more"},
		{"noise alone", []ratios{{even(0.99, 1), same}, {even(1, 1), same}}, true, "no verdict, too noisy to tell a program at"},
		{"noise in CPU time", []ratios{{same, even(0.99, 1)}, {same, even(1, 1)}}, true, "no verdict, too noisy to tell a program with"},
		{"slower in noise, which both sets together see through", []ratios{{even(0.7, 0.5), same}, {even(0.65, 0.5), same}}, false, "slower than 90 %"},
	} {
		taken := 0
		passed, why, err := verdict(func(set int) (ratios, error) {
			taken++
			return c.sets[set], nil
		})
		if passed != c.passed || !strings.HasPrefix(why, c.why) || err != nil || taken != len(c.sets) {
			t.Errorf("%s: %v, %q, %v after %d sets", c.name, passed, why, err, taken)
		}
	}
	for failing := range 2 {
		passed, _, err := verdict(func(set int) (ratios, error) {
			if set == failing {
				return ratios{}, os.ErrClosed
			}
			return ratios{slow, same}, nil
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

package diff

import (
	"fmt"
	"maps"
	"slices"

	"viamillipede/bench/result"
)

// series are the rounds of one name.
type series struct {
	name   string
	values map[string][]float64 // by unit, in the order taken
}

func (s *series) units() []string { return slices.Sorted(maps.Keys(s.values)) }

// groups are the series of a file, in its order.
type groups struct {
	series []*series
	index  map[string]*series
}

func (g *groups) find(name string) *series { return g.index[name] }

// group sorts the results of a file by name.
func group(f result.File) *groups {
	g := &groups{index: map[string]*series{}}
	for _, r := range f.Results {
		name := fullName(f, r)
		s := g.index[name]
		if s == nil {
			s = &series{name: name, values: map[string][]float64{}}
			g.series, g.index[name] = append(g.series, s), s
		}
		for unit, v := range r.Values {
			if !isPart(unit) {
				s.values[unit] = append(s.values[unit], v)
			}
		}
	}
	return g
}

// fullName puts the package before the name in output of "go test", since other packages may have benchmarks of the same
// name.
func fullName(f result.File, r result.Result) string {
	const key = "pkg"
	pkg, own := r.Config[key]
	if !own {
		pkg = f.Settings[key]
	}
	if pkg == "" {
		return r.Name
	}
	return pkg + "." + r.Name
}

// settingsThatDiffer returns a line for each thing that differs between the files, apart from the package and what each
// says about its program.
func settingsThatDiffer(a, b result.File) []string {
	x, y := conditions(a), conditions(b)
	all := map[string]bool{}
	for name := range x {
		all[name] = true
	}
	for name := range y {
		all[name] = true
	}
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if x[name] != y[name] {
			lines = append(lines, fmt.Sprintf("%s: %q, then %q", name, x[name], y[name]))
		}
	}
	return lines
}

// conditions are the settings and hosts of a file as names with values.
func conditions(f result.File) map[string]string {
	all := maps.Clone(f.Settings)
	if all == nil {
		all = map[string]string{}
	}
	delete(all, "pkg")
	for end, h := range f.Hosts {
		set := func(name, value string) { all[end+" "+name] = value }
		set("kernel", h.Kernel)
		set("processor", h.Processor)
		set("CPUs", fmt.Sprint(h.CPUs))
		set("memory", fmt.Sprint(h.Memory))
		set("Go", h.Go)
		set("congestion control", h.Congestion)
		set("NIC", h.NIC)
		set("driver", h.Driver)
		for name, value := range h.Facts {
			set(name, value)
		}
	}
	return all
}

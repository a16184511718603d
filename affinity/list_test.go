package affinity

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestParseList(t *testing.T) {
	for s, want := range map[string][]int{
		"0":           {0},
		"0-3,8,10-11": {0, 1, 2, 3, 8, 10, 11},
		"8,0-1":       {8, 0, 1},
		"5-5":         {5},
		"4095":        {4095},
	} {
		got, err := ParseList(s)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("ParseList(%q) is %v, %v, want %v", s, got, err, want)
		}
	}
}

func TestParseListRefuses(t *testing.T) {
	const number = `expected a CPU number from 0 to 4095, as in 0-3,8, got `
	for s, want := range map[string]string{
		"":           number + `""`,
		",":          number + `""`,
		"1,":         number + `""`,
		"-1":         number + `""`,
		"1-":         number + `""`,
		"1-2-3":      number + `"2-3"`,
		"+1":         number + `"+1"`,
		"a":          number + `"a"`,
		"0, 1":       number + `" 1"`,
		"0x1":        number + `"0x1"`,
		"4096":       number + `"4096"`,
		"0-4096":     number + `"4096"`,
		"4294967296": number + `"4294967296"`,
		"3-1":        `range "3-1" runs backwards`,
		"1,1":        `CPU 1 occurs twice`,
		"0-5,3":      `CPU 3 occurs twice`,
	} {
		_, err := ParseList(s)
		if err == nil || !strings.HasSuffix(err.Error(), ": "+want) {
			t.Errorf("ParseList(%q): %v, want %s", s, err, want)
		}
	}
}

func TestFormatList(t *testing.T) {
	for want, cpus := range map[string][]int{
		"":            nil,
		"7":           {7},
		"0-3,8,10-11": {0, 1, 2, 3, 8, 10, 11},
		"3,2,1":       {3, 2, 1},
	} {
		if got := FormatList(cpus); got != want {
			t.Errorf("FormatList(%v) is %q, want %q", cpus, got, want)
		}
	}
}

func TestListRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		// Few numbers make long ranges, many make few.
		limit := rapid.SampledFrom([]int{8, 100, MaxCPUs}).Draw(t, "limit")
		cpus := rapid.SliceOfNDistinct(rapid.IntRange(0, limit-1), 1, -1, rapid.ID[int]).Draw(t, "cpus")
		if rapid.Bool().Draw(t, "sorted") {
			slices.Sort(cpus)
		}
		got, err := ParseList(FormatList(cpus))
		if err != nil || !slices.Equal(got, cpus) {
			t.Fatalf("%v became %q and then %v, %v", cpus, FormatList(cpus), got, err)
		}
	})
}

func FuzzParseList(f *testing.F) {
	for _, s := range []string{"0-3,8,10-11", "", "0-4095", "1,1", "3-1", "00,01", "-", "9\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		cpus, err := ParseList(s)
		if err != nil {
			if cpus != nil || strings.ContainsAny(err.Error(), "\n\r") {
				t.Fatalf("%v with %q", cpus, err)
			}
			return
		}
		seen := map[int]bool{}
		for _, cpu := range cpus {
			if cpu < 0 || cpu >= MaxCPUs || seen[cpu] {
				t.Fatalf("%q holds CPU %d", s, cpu)
			}
			seen[cpu] = true
		}
		again, err := ParseList(FormatList(cpus))
		if len(cpus) == 0 || err != nil || !slices.Equal(again, cpus) {
			t.Fatalf("%q is %v, and %v after a round trip, %v", s, cpus, again, err)
		}
	})
}

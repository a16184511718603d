package affinity

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestParseMask(t *testing.T) {
	for s, want := range map[string][]int{
		"0":                             nil,
		"3":                             {0, 1},
		"F0":                            {4, 5, 6, 7},
		"00000001,00000000":             {32},
		"80,0000000c":                   {2, 3, 39},
		"8" + strings.Repeat(",0", 127): {127*32 + 3},
		"0" + strings.Repeat(",0", 255): nil, // 8192 CPUs' worth of zeros
		"80000000" + strings.Repeat(",00000000", 31) + ",00000001": {0, 1055},
	} {
		got, err := parseMask(s)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("parseMask(%q) is %v, %v, want %v", s, got, err, want)
		}
	}
}

func TestParseMaskRefuses(t *testing.T) {
	for _, s := range []string{"", ",", "1,", ",1", "g", "0x1", "-1", "+1", " 1", "1_0", "000000001", "1" + strings.Repeat(",0", 128)} {
		if got, err := parseMask(s); err == nil || strings.ContainsAny(err.Error(), "\n\r") {
			t.Errorf("parseMask(%q) is %v, %v", s, got, err)
		}
	}
}

// formatMask writes CPUs as sysfs does.
func formatMask(cpus []int) string {
	words := [MaxCPUs / 32]uint32{}
	for _, cpu := range cpus {
		words[len(words)-1-cpu/32] |= 1 << (cpu % 32)
	}
	var text []string
	for _, word := range words {
		text = append(text, fmt.Sprintf("%08x", word))
	}
	return strings.Join(text, ",")
}

func FuzzParseMask(f *testing.F) {
	for _, s := range []string{"3", "00000001,00000000", "ffffffff,ffffffff,ffffffff,ffffffff", "", ",", "1" + strings.Repeat(",0", 128), "0x1", "f\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		cpus, err := parseMask(s)
		if err != nil {
			if cpus != nil || strings.ContainsAny(err.Error(), "\n\r") {
				t.Fatalf("%v with %q", cpus, err)
			}
			return
		}
		for i, cpu := range cpus {
			if cpu < 0 || cpu >= MaxCPUs || i > 0 && cpu <= cpus[i-1] {
				t.Fatalf("%q holds %v", s, cpus)
			}
		}
		if again, err := parseMask(formatMask(cpus)); err != nil || !slices.Equal(again, cpus) {
			t.Fatalf("%q is %v, and %v after a round trip, %v", s, cpus, again, err)
		}
	})
}

package main

import (
	"strings"
	"testing"
	"time"
)

func TestBetween(t *testing.T) {
	from := moment{at: time.Unix(10, 0), counts: map[string]uint64{"1": 5, "2": 5}, tx: time.Second}
	to := moment{at: time.Unix(12, 0), counts: map[string]uint64{"1": 5 + 3<<30, "2": 5 + 1<<30}, tx: 3 * time.Second, rx: time.Second, busy: 8 * time.Second}
	got := between(from, to)
	if want := (sample{rate: 2 << 30, least: 0.5, most: 1.5, uneven: 2, tx: 0.5, rx: 0.25, machine: 2}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := between(from, from); got != (sample{}) {
		t.Errorf("nothing moved, and that is %+v", got)
	}
}

func TestTable(t *testing.T) {
	one := &row{streams: 1, samples: []sample{{rate: 4e9}, {}, {rate: 2e9}}}
	all := &row{streams: 64, samples: []sample{{rate: 2e9, least: 0.9, most: 1.1}, {rate: 9e9}, {rate: 2e9}}}
	bare := &row{streams: 1, relays: true, samples: []sample{{}}}
	got := markdown([]*row{one, all, bare})
	for _, want := range []string{"| `keep 1` | 3.00 | 1.00 | 1.00 | 1.00 |", "| `keep 64` | 2.00 | 0.75 | 0.50 | 1.00 |", "| 1 bare relays | no figure |"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing:\n%s", want, got)
		}
	}
}

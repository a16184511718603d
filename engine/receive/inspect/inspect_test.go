package inspect

import (
	"strings"
	"testing"
	"time"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/prbs"
	"viamillipede/engine/schedule"
	"viamillipede/engine/wire"
)

// The verdict on three legs of 1000 bytes is the same in whatever order they are checked, and comes with the last leg that it
// takes.
func TestVerdictInAnyOrder(t *testing.T) {
	const leg = 1000
	for _, c := range []struct {
		name string
		has  [3]uint64 // which leg's bytes each has
		says string
	}{
		{"right", [3]uint64{0, 1, 2}, ""},
		{"swapped", [3]uint64{1, 0, 2}, "legs 0 and 1 are swapped"},
		{"swapped, far", [3]uint64{2, 1, 0}, "legs 0 and 2 are swapped"},
		{"repeated", [3]uint64{0, 0, 2}, "leg 0 is repeated in place of leg 1"},
		{"lost", [3]uint64{0, 2, 2}, "leg 1 is missing, leg 2 is in its place"},
		{"all repeat", [3]uint64{1, 1, 1}, "leg 0 is missing, leg 1 is in its place"},
		{"in a round", [3]uint64{1, 2, 0}, "in leg 1, which is damaged too"},
	} {
		for _, order := range [][3]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}} {
			test := Inspection{sequence: prbs.New(1)}
			var verdict *stream.Error
			for _, n := range order {
				p := make([]byte, leg)
				test.sequence.Fill(p, c.has[n]*leg)
				l := inspected{wire.Leg{Number: uint64(n), Offset: uint64(n * leg), Length: leg}, test.sequence.Examine(p, uint64(n*leg))}
				whole, v := test.note(l, time.Time{}, 0)
				if whole && (v != nil || l.Kind != prbs.Intact) {
					t.Fatalf("%s, %v: leg %d passes, with %v", c.name, order, n, v)
				}
				if verdict == nil {
					verdict = v
				}
			}
			said := ""
			if verdict != nil {
				said = verdict.Error()
			}
			// What comes first may be judged before another fault is known: then it is true, too.
			if !strings.HasSuffix(said, c.says) && c.name != "in a round" && c.name != "all repeat" || (said == "") != (c.says == "") {
				t.Errorf("%s, %v: %q", c.name, order, said)
			}
		}
	}
}

// A verdict waits for a leg that may explain it, and not for ever.
func TestVerdictDoesNotWaitForEver(t *testing.T) {
	const leg = 1000
	test, begun := Inspection{sequence: prbs.New(1)}, time.Now()
	p := make([]byte, leg)
	test.sequence.Fill(p, 7*leg)
	l := inspected{wire.Leg{Length: leg}, test.sequence.Examine(p, 0)}
	if whole, verdict := test.note(l, begun, 0); whole || verdict != nil {
		t.Fatalf("%v, %v", whole, verdict)
	}
	if v := test.Overdue(begun.Add(schedule.VerdictWithin - 1)); v != nil {
		t.Errorf("too soon: %v", v)
	}
	if v := test.Overdue(begun.Add(schedule.VerdictWithin)); v == nil || v.Status != stream.StatusIntegrity {
		t.Errorf("at the end: %v", v)
	}
}

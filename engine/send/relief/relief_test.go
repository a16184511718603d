package relief

import "testing"

// A helper rests unless the first loop is helpless, or the producer lends its pages, and is called when the former begins.
func TestHelper(t *testing.T) {
	h := Helper{On: true}
	for i, c := range []struct{ helpless, lent, calls, rests bool }{
		{false, false, false, true},
		{false, true, false, false},
		{true, false, true, false},
		{true, false, false, false},
		{false, false, false, true},
		{true, true, true, false},
	} {
		if calls := h.Looks(0, c.helpless); calls != c.calls {
			t.Errorf("%d: called: %v", i, calls)
		}
		if h.Looks(1, !c.helpless) {
			t.Errorf("%d: the helper calls itself", i)
		}
		if rests := h.Rests(1, c.lent); rests != c.rests || h.Rests(0, c.lent) {
			t.Errorf("%d: the helper rests: %v", i, rests)
		}
	}
	if none := (&Helper{}); none.Looks(0, true) || none.Rests(1, false) {
		t.Error("a second loop that is no helper is treated as one")
	}
}

// It has some links of a path where there are enough, and never the first.
func TestHelperHasLinks(t *testing.T) {
	var h Helper
	loops := [2]int{}
	for i := range 16 {
		loops[h.Has(i)]++
	}
	if loops != [2]int{12, 4} || h.Has(0) != 0 {
		t.Errorf("the loops have %v links", loops)
	}
}

package report

import (
	"runtime"
	"testing"
)

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{
		{nil, 0}, {[]float64{7}, 7}, {[]float64{9, 1}, 5}, {[]float64{3, 1, 2}, 2}, {[]float64{4, 1, 3, 2}, 2.5},
	} {
		if got := Median(c.values); got != c.want {
			t.Errorf("%v: %v, want %v", c.values, got, c.want)
		}
	}
}

func TestProcessor(t *testing.T) {
	if got := processor("processor : 0\nmodel name\t: Fast One\n"); got != "Fast One" {
		t.Error(got)
	}
	if got := processor("Features : fp asimd\n"); got != runtime.GOARCH {
		t.Errorf("without a model: %s", got)
	}
}

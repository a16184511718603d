package stream

import (
	"runtime"
	"testing"
)

// However many streams there are, Go gets no more processors than some for each CPU: most of the streams are idle.
func TestSpareCPUsAreBounded(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(before)
	for range 10 {
		defer Means{}.SpareCPUs(1000)()
	}
	if n, most := runtime.GOMAXPROCS(0), spareMost*granted(); n != max(before, most) {
		t.Errorf("%d processors, want %d", n, most)
	}
}

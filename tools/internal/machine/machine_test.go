package machine

import (
	"testing"
	"time"
)

func TestProc(t *testing.T) {
	if d, err := parseStat("cpu  100 20 30 4000 1 0 7 0 0 0\ncpu0 1 2 3\n"); err != nil || d != 1500*time.Millisecond {
		t.Errorf("statistics %v, %v", d, err)
	}
	if got := memoryLine("MemTotal:       24683620 kB\n"); got != "23.5 GiB" {
		t.Error(got)
	}
}

func TestOthers(t *testing.T) {
	began := Usage{at: time.Unix(10, 0), all: 5 * time.Second, mine: time.Second}
	now := Usage{at: time.Unix(20, 0), all: 12 * time.Second, mine: 6 * time.Second}
	if got := now.foreign(began); got != 20 {
		t.Errorf("%v %%, want 20", got)
	}
}

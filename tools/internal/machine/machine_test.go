package machine

import (
	"testing"
	"time"
)

func TestProc(t *testing.T) {
	want := times{processes: 1500 * time.Millisecond, interrupts: 90 * time.Millisecond}
	if got, err := parseStat("cpu  100 20 30 4000 1 2 7 0 0 0\ncpu0 1 2 3\n"); err != nil || got != want {
		t.Errorf("statistics %v, %v", got, err)
	}
	if _, err := parseStat("cpu 1 2 3\n"); err == nil {
		t.Error("a line that is cut short was accepted")
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

package engine

import (
	"bytes"
	"testing"
)

func TestLogLevels(t *testing.T) {
	var b bytes.Buffer
	log := NewLog(&b, "tx: ", LevelLinks)
	log.Printf(LevelError, "a")
	log.Printf(LevelLinks, "b %d", 1)
	log.Printf(LevelChoices, "c")
	if want := "tx: a\ntx: b 1\n"; b.String() != want {
		t.Errorf("%q, want %q", b.String(), want)
	}
	for want := LevelLinks + 1; want <= levelMost; want++ {
		if got := log.Raise(); got != want || !log.On(want) || log.On(want+1) {
			t.Errorf("level %d, want %d", got, want)
		}
	}
	if got := log.Raise(); got != 0 {
		t.Errorf("level %d after the highest, want 0", got)
	}
}

package words

import (
	"bytes"
	"testing"

	"viamillipede/engine"
)

func TestLogLevels(t *testing.T) {
	var b bytes.Buffer
	log := NewLog(&b, "tx: ", engine.LevelLinks)
	log.Printf(engine.LevelError, "a")
	log.Printf(engine.LevelLinks, "b %d", 1)
	log.Printf(engine.LevelChoices, "c")
	log.Observe(engine.LinkUp{Link: 3, Path: "host1:8834"})
	log.Observe(engine.PathUp{Path: "host1:8834"})
	if want := "tx: a\ntx: b 1\ntx: link 3 up: host1:8834\n"; b.String() != want {
		t.Errorf("%q, want %q", b.String(), want)
	}
	for want := engine.LevelLinks + 1; want <= engine.LevelCalls; want++ {
		if got := engine.Level(log.Raise()); got != want || !log.Enabled(want) || log.Enabled(want+1) {
			t.Errorf("level %d, want %d", got, want)
		}
	}
	if got := log.Raise(); got != 0 {
		t.Errorf("level %d after the highest, want 0", got)
	}
}

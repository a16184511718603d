package words

import (
	"bytes"
	"testing"

	"viamillipede/engine/observe"
)

func TestLogLevels(t *testing.T) {
	var b bytes.Buffer
	log := NewLog(&b, "tx: ", observe.LevelLinks)
	log.Printf(observe.LevelError, "a")
	log.Printf(observe.LevelLinks, "b %d", 1)
	log.Printf(observe.LevelChoices, "c")
	log.Observe(observe.LinkUp{Link: 3, Path: "host1:8834"})
	log.Observe(observe.PathUp{Path: "host1:8834"})
	if want := "tx: a\ntx: b 1\ntx: link 3 up: host1:8834\n"; b.String() != want {
		t.Errorf("%q, want %q", b.String(), want)
	}
	for want := observe.LevelLinks + 1; want <= observe.LevelCalls; want++ {
		if got := observe.Level(log.Raise()); got != want || !log.Enabled(want) || log.Enabled(want+1) {
			t.Errorf("level %d, want %d", got, want)
		}
	}
	if got := log.Raise(); got != 0 {
		t.Errorf("level %d after the highest, want 0", got)
	}
}

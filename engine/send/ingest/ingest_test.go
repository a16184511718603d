package ingest

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/schedule"
)

// loading is a prover whose load takes so long.
func loading(takes time.Duration, loaded *bool) func() (stream.Prover, error) {
	return func() (stream.Prover, error) {
		time.Sleep(takes)
		*loaded = true
		return nil, errors.New("no prover")
	}
}

// The end of a stream waits for the load of its prover, but not for one that does not come back.
func TestEndJoinsTheLoad(t *testing.T) {
	for takes, most := range map[time.Duration]time.Duration{
		schedule.HaltMost / 10: schedule.HaltMost / 10,
		10 * schedule.HaltMost: schedule.HaltMost,
	} {
		synctest.Test(t, func(t *testing.T) {
			loaded, begun := false, time.Now()
			r := &referral{prove: loading(takes, &loaded)}
			r.loading.Start(func() { r.load(nil) })
			r.close()
			if took := time.Since(begun); took != most {
				t.Errorf("of a load that takes %v, the end has waited for %v", takes, took)
			}
			if most == takes && !loaded {
				t.Error("the load goes on behind the end")
			}
			time.Sleep(takes) // the bubble's goroutines end
		})
	}
}

// Legs stay in a source that is a file, and in no other: while a call on a pipe is stuck, a leg that was taken out of it before can
// still be sent again.
func TestOnlyInAFileLegsStay(t *testing.T) {
	name := filepath.Join(t.TempDir(), "source")
	if err := os.WriteFile(name, []byte("a stream"), 0o600); err != nil { // an empty file might be one of /proc
		t.Fatal(err)
	}
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	for _, c := range []struct {
		name   string
		source *os.File
		config Config
		stay   bool
	}{
		{"a file", file, Config{IO: "auto"}, true},
		{"a file, copied", file, Config{IO: "copy"}, false},
		{"a file, in charmode", file, Config{IO: "auto", Charmode: true}, true},
		{"a pipe", r, Config{IO: "auto"}, false},
		{"a test stream", nil, Config{IO: "auto", PRBS: true}, false},
	} {
		if c.source != nil {
			c.config.Source = int(c.source.Fd())
		}
		var in Intake
		if err := in.Open(c.config); err != nil {
			t.Fatal(err)
		}
		if in.InPlace() != c.stay {
			t.Errorf("%s: legs stay in the source: %v, want %v", c.name, in.InPlace(), c.stay)
		}
		in.Close()
	}
}

package alarm

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"viamillipede/cmd/viamillipede/internal/child"
)

// patience bounds what ought to take no time.
const patience = 30 * time.Second

// TestMain lets the commands have their keeper.
func TestMain(m *testing.M) {
	child.Keep()
	os.Exit(m.Run())
}

const begins = `{"event":"outage","phase":"begins"}` + "\n"

// TestAlarm: the command runs for what somebody should be woken for, once each and in order.
func TestAlarm(t *testing.T) {
	got := filepath.Join(t.TempDir(), "got")
	a := New(fmt.Sprintf("{ cat; echo $VIAMILLIPEDE_EVENT; } >>%s", got), func(err error) { t.Error(err) })
	for _, e := range []struct{ event, line string }{
		{"start", "{}\n"},
		{"outage", begins},
		{"outage", `{"phase":"lasts"}` + "\n"},
		{"outage", `{"phase":"ends"}` + "\n"},
		{"interval", "{}\n"},
		{"end", `{"status":0}` + "\n"},
	} {
		a.Hear(e.event, []byte(e.line))
	}
	a.Close(patience)
	text, err := os.ReadFile(got)
	if want := begins + "outage\n" + `{"phase":"ends"}` + "\noutage\n" + `{"status":0}` + "\nend\n"; err != nil || string(text) != want {
		t.Errorf("the command got %q, want %q (%v)", text, want, err)
	}
	a.Hear("end", []byte("{}\n")) // too late, and no harm
}

// TestFailingAlarm: a command that fails, or does not read, is told of and nothing else.
func TestFailingAlarm(t *testing.T) {
	failures := make(chan error, 10)
	a := New("exit 3", func(err error) { failures <- err })
	a.Hear("end", []byte(strings.Repeat("x", 1<<20)))
	a.Close(patience)
	if len(failures) != 1 || !strings.Contains((<-failures).Error(), "3") {
		t.Error("a failure was not told once")
	}
}

// TestAlarmEndsWithTheProgram: a command that hangs is ended, events that wait are dropped but for the last, and nobody who tells waits.
func TestAlarmEndsWithTheProgram(t *testing.T) {
	failures := make(chan error, 100)
	a := New("exec sleep 1000", func(err error) { failures <- err })
	for range 1000 {
		a.Hear("outage", []byte(begins))
	}
	a.Hear("end", []byte("{}\n"))
	a.mu.Lock()
	if n := len(a.waiting); n > waitingMost || a.waiting[n-1].event != "end" {
		t.Errorf("%d events wait", n)
	}
	a.mu.Unlock()
	begun := time.Now()
	a.Close(time.Millisecond)
	if took := time.Since(begun); took > patience {
		t.Errorf("it took %v", took)
	}
	for len(failures) > 0 {
		if err := <-failures; !strings.Contains(err.Error(), "ended") {
			t.Error(err)
		}
	}
}

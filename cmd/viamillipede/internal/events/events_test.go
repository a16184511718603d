package events

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"net"
	"strings"
	"testing"
	"time"

	"viamillipede/cmd/viamillipede/internal/events/eventstest"
	"viamillipede/cmd/viamillipede/internal/meter"
	"viamillipede/engine/observe"
	"viamillipede/netio/dial"
)

// heard is a teller and the lines that it has made.
func heard() (*Teller, *bytes.Buffer) {
	var b bytes.Buffer
	return NewTeller(func(_ string, line []byte) { b.Write(line) }), &b
}

// TestEvents: whatever the engine or the program has to tell conforms to the schema.
func TestEvents(t *testing.T) {
	teller, lines := heard()
	now := time.Now()
	host := &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 8834}
	gone := errors.New("connection\nrefused")
	teller.Start(Begin(Program{"1.0", 2}, []Setting{{"tx", []string{"host1"}, true}, {"verbose", []string{"0"}, false}}))
	for _, name := range []string{"tx", "rx"} {
		s := teller.Side(name, 3)
		for _, e := range []observe.Event{
			observe.LinkUp{Link: 1, Path: "host1:8834"},
			observe.LinkDown{Link: 1, Path: "host1:8834", Err: io.EOF},
			observe.LinkStalled{Link: 1, Path: "host1:8834", Legs: 3},
			observe.LinkResumed{Link: 1, Path: "host1:8834"},
			observe.LinkMoved{Link: 1, From: 0, To: 1},
			observe.LinkNotTaken{Link: 1, From: "192.0.2.1:1", Err: gone},
			observe.DialFailed{Link: 1, Path: "host1:8834", Err: gone},
			observe.PathUp{Path: "host1:8834", Order: 0},
			observe.PathDown{Path: "host1:8834", Order: 1, Err: gone, Expected: true},
			observe.PathHelps{Path: "host1:8834", Helps: true, Spill: time.Second},
			observe.PathHelps{Path: "host1:8834"},
			observe.Outage{Sender: true, Dials: true, Phase: observe.OutageBegins, First: true, Since: now, At: now, Until: now, Limit: observe.LimitConnect, Why: gone},
			observe.Outage{Sender: true, Dials: true, Phase: observe.OutageLasts, Since: now, At: now, Limit: observe.LimitGiveup},
			observe.Outage{Phase: observe.OutageEnds, Since: now, At: now},
			observe.Refused{From: host, Err: gone},
			observe.RefusedMore{Total: 7},
			observe.Compared{Bytes: 1, Of: 2},
			observe.Resumed{Kept: 1, Of: 2, Size: 3},
			observe.SenderMet{Links: 3, Size: 5},
			observe.CongestionChosen{Path: "host1:8834", Congestion: dial.Congestion{Name: "cubic"}},
			observe.ChecksumMissing{},
			observe.FirstWire{Sender: true},
		} {
			s.Observe(e)
		}
		figures := s.Figures(time.Second, now)
		snap := observe.Snapshot{Time: now.Add(time.Second), Summary: observe.Summary{Sender: true, Bytes: 1 << 30}}
		snap.Paths = []observe.PathStatus{{PathSummary: observe.PathSummary{Name: "host1:8834", Bytes: 1 << 30, Last: gone}}}
		figures.Look(snap, meter.View{Met: true, Waits: meter.Sink, Still: 4 * time.Second, Of: 1 << 40})
		snap.Time = now.Add(2 * time.Second)
		figures.Look(snap, meter.View{Met: true})
		s.Absent(0, snap.Paths[0], now)
		s.Back(0, snap.Paths[0], now)
		total := uint64(1<<30 - 1)
		snap.Summary.Paths, snap.Summary.PeerBytes = []observe.PathSummary{{Name: "host1:8834", NeverUp: true, Last: gone}}, &total
		s.End(snap.Summary, 5, "lost", gone)
		s.End(observe.Summary{}, 0, "done", nil)
	}
	teller.Exit(5, "lost", "why")
	lines.WriteString(Missing(3))
	if err := eventstest.Conforms(lines.Bytes()); err != nil {
		t.Error(err)
	}
	seen := map[string]bool{}
	seq := 0.0
	for line := range bytes.Lines(lines.Bytes()) {
		var v map[string]any
		if err := json.Unmarshal(line, &v); err != nil {
			t.Fatal(err)
		}
		event := v["event"].(string)
		if seen[event] = true; event != "missing" && v["seq"] != seq+1 {
			t.Errorf("number %v after %v", v["seq"], seq)
		}
		seq++
		if event == "end" && v["status"] == 5.0 && v["difference"] != 1.0 {
			t.Errorf("a difference of %v: %s", v["difference"], line)
		}
	}
	for _, event := range strings.Fields("start contact link path outage stranger compare choice notice interval stall end exit missing") {
		if !seen[event] {
			t.Errorf("no %s was told", event)
		}
	}
}

// TestNobody: without anyone who wants to know, nothing is told.
func TestNobody(t *testing.T) {
	teller := NewTeller()
	teller.Side("tx", 0).Observe(observe.LinkUp{})
	teller.Exit(0, "done", "")
}

// TestFigures: an interval has what happened in it, and a rate is a number whatever the peer says.
func TestFigures(t *testing.T) {
	teller, lines := heard()
	now := time.Now()
	f := teller.Side("tx", 0).Figures(2*time.Second, now)
	for i, bytes := range []uint64{100, 200, 300, 400, 50, 60} {
		f.Look(observe.Snapshot{Time: now.Add(time.Duration(i+1) * time.Second), Summary: observe.Summary{Bytes: bytes}}, meter.View{Met: true})
	}
	var rates []float64
	for line := range bytes.Lines(lines.Bytes()) {
		var v struct {
			Event string
			Rate  float64
		}
		if err := json.Unmarshal(line, &v); err != nil {
			t.Fatal(err)
		}
		if v.Event == "interval" {
			rates = append(rates, v.Rate)
		}
	}
	want := []float64{100, 100, 0}
	for i, r := range rates {
		if len(rates) != len(want) || math.Abs(r-want[i]) > 1 {
			t.Fatalf("rates %v, want %v", rates, want)
		}
	}
}

// TestGivenSettings: what was given reads as it was typed, where the kind of a bench is two settings.
func TestGivenSettings(t *testing.T) {
	setting := func(word string, args ...string) Setting { return Setting{word, args, true} }
	for want, given := range map[string][]Setting{
		"bench tx host1 8834 seconds 5":  {setting("bench", "tx"), setting("tx", "host1", "8834"), setting("seconds", "5")},
		"bench serve 8834":               {setting("bench", "serve"), setting("serve", "8834")},
		"bench local tx host1 threads 2": {setting("bench", "local"), setting("tx", "host1"), setting("threads", "2")},
		"bench local":                    {setting("bench", "local"), {"window", []string{"256M"}, false}},
		"tx host1 tx host2 verbose 1":    {setting("tx", "host1"), setting("tx", "host2"), setting("verbose", "1")},
		"":                               nil,
	} {
		b := Begin(Program{"1.0", 2}, given)
		for range 2 { // the settings stay as they are
			var words []string
			for _, s := range b.GivenSettings() {
				words = append(append(words, s.Word), s.Args...)
			}
			if got := strings.Join(words, " "); got != want {
				t.Errorf("%q, want %q", got, want)
			}
		}
	}
}

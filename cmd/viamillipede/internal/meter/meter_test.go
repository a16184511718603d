package meter

import (
	"testing"
	"time"

	"viamillipede/engine/observe"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// up is so many links that carry legs.
func up(n, legs int) (links []observe.LinkStatus) {
	for range n {
		links = append(links, observe.LinkStatus{State: observe.StateUp, Heard: start, InFlight: legs})
	}
	return links
}

func TestWaits(t *testing.T) {
	sender := observe.Summary{Sender: true}
	for name, c := range map[string]struct {
		s    observe.Snapshot
		want Place
	}{
		"no link":             {observe.Snapshot{Summary: sender}, Links},
		"no receiver":         {observe.Snapshot{Summary: sender, Links: up(2, 0)}, Links},
		"version 1":           {observe.Snapshot{Summary: sender, Links: up(2, 0), First: &observe.FirstStatus{}}, Nowhere},
		"idle":                {observe.Snapshot{Summary: sender, Links: up(2, 0), Window: &observe.WindowStatus{Next: 9, Received: 9, Delivered: 9, Credit: 64, Limit: 64}}, Source},
		"all is busy":         {observe.Snapshot{Summary: sender, Links: up(2, 3), Window: &observe.WindowStatus{Next: 15, Received: 9, Delivered: 9, Credit: 64, Kept: 6, Limit: 64}}, Links},
		"full of unreceived":  {observe.Snapshot{Summary: sender, Links: up(2, 30), Window: &observe.WindowStatus{Next: 69, Received: 9, Delivered: 9, Credit: 64, Kept: 60, Limit: 64}}, Links},
		"full of undelivered": {observe.Snapshot{Summary: sender, Links: up(2, 0), Window: &observe.WindowStatus{Next: 69, Received: 69, Delivered: 9, Credit: 64, Limit: 64}}, Sink},
		"the end is awaited":  {observe.Snapshot{Summary: sender, Links: up(2, 0), Window: &observe.WindowStatus{Next: 9, Received: 9, Delivered: 4, Credit: 64, Limit: 64}}, Sink},
		"over":                {observe.Snapshot{Summary: sender, Ended: true}, Nowhere},
		"no sender":           {observe.Snapshot{}, Links},
		"a full sink":         {observe.Snapshot{Links: up(1, 1), Ring: &observe.RingStatus{SinkFull: true, Depth: 3}}, Sink},
		"a missing leg":       {observe.Snapshot{Links: up(1, 1), Ring: &observe.RingStatus{Depth: 3}}, Links},
		"nothing comes":       {observe.Snapshot{Links: up(1, 0), Ring: &observe.RingStatus{}}, Source},
	} {
		if got := Waits(c.s); got != c.want {
			t.Errorf("%s: waits for %v, want %v", name, got, c.want)
		}
	}
}

// TestMeter: rates are those of the last seconds, what is kept for resending does not count, and what stands still says for how long.
func TestMeter(t *testing.T) {
	var h Heard
	m := New(&h)
	h.Observe(observe.SenderOpened{Size: 1000 << 20})
	var v View
	look := func(i int, bytes uint64) {
		at := start.Add(time.Duration(i) * 500 * time.Millisecond)
		v = m.Read(observe.Snapshot{
			Time: at, Links: up(2, 1), Summary: observe.Summary{Sender: true, Bytes: bytes + 1<<20, Elapsed: at.Sub(start), LinksLost: 3},
			Window: &observe.WindowStatus{Next: 9, Received: 8, Delivered: 8, Credit: 64, Kept: 1 << 20, Limit: 1 << 30},
			Paths:  []observe.PathStatus{{PathSummary: observe.PathSummary{Links: 2}}, {}},
		})
	}
	for i := range 41 { // 20 s at 10 MiB/s
		look(i, uint64(i)*5<<20)
	}
	if v.Bytes != 200<<20 || v.Of != 1000<<20 || !v.Met || v.Links != 2 || v.Paths != 2 || v.PathsUp != 1 || v.Lost != 3 {
		t.Errorf("%+v", v)
	}
	if v.Now != 10<<20 || v.Left != 80*time.Second || v.Still != 0 {
		t.Errorf("%+v", v)
	}
	for i := 41; i < 49; i++ {
		look(i, 200<<20)
	}
	if v.Still != 4*time.Second || v.Now != 0 || v.Left >= 0 {
		t.Errorf("%+v", v)
	}
}

// TestComparing: while nothing is sent yet, the figures are those of what is hashed.
func TestComparing(t *testing.T) {
	var h Heard
	m := New(&h)
	h.Observe(observe.Compared{Bytes: 3, Of: 7})
	if v := m.Read(observe.Snapshot{Time: start}); !v.Comparing || v.Bytes != 3 || v.Of != 7 {
		t.Errorf("%+v", v)
	}
	h.Observe(observe.Compared{Bytes: 7, Of: 7})
	if v := m.Read(observe.Snapshot{Time: start}); v.Comparing {
		t.Errorf("%+v", v)
	}
}

func TestAbsence(t *testing.T) {
	var a Absence
	look := func(seconds int, links ...int) []Gone {
		s := observe.Snapshot{Time: start.Add(time.Duration(seconds) * time.Second)}
		for _, n := range links {
			s.Links = append(s.Links, up(n, 0)...)
			s.Paths = append(s.Paths, observe.PathStatus{PathSummary: observe.PathSummary{Links: n}})
		}
		return a.Look(s)
	}
	for _, c := range []struct {
		seconds int
		links   []int
		told    int
		back    bool
	}{
		{0, []int{0, 0}, 0, false}, // an outage
		{100, []int{2, 0}, 0, false},
		{150, []int{2, 0}, 0, false},
		{160, []int{2, 0}, 1, false},
		{170, []int{2, 0}, 0, false},
		{180, []int{0, 0}, 0, false},
		{300, []int{2, 1}, 1, true},
		{310, []int{2, 1}, 0, false},
		{320, []int{2, 0}, 0, false},
		{330, []int{2, 1}, 0, false}, // too short to be told
	} {
		news := look(c.seconds, c.links...)
		if len(news) != c.told || c.told > 0 && (news[0].Order != 1 || news[0].Back != c.back || news[0].Since != start.Add(100*time.Second)) {
			t.Errorf("after %d s: %+v", c.seconds, news)
		}
	}
}

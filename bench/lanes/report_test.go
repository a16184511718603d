package lanes

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"slices"
	"strings"
	"testing"

	"viamillipede/netio/lane"
	"viamillipede/netio/lane/flowhash"
)

func TestLaneOf(t *testing.T) {
	for _, test := range []struct {
		name    string
		grown   []uint64
		at      int
		counted bool
	}{
		{"one lane", []uint64{10, 1010, 0}, 1, true},
		{"not counted yet", []uint64{10, 90, 0}, flowhash.NoLane, false},
		{"little beside it", []uint64{499, 1010, 499}, 1, true},
		{"another has half", []uint64{500, 1010, 0}, flowhash.NoLane, true},
		{"two have it", []uint64{1000, 1010, 0}, flowhash.NoLane, true},
		{"half of it", []uint64{0, 600, 0}, flowhash.NoLane, false},
	} {
		before := make([]uint64, len(test.grown))
		after := make([]uint64, len(test.grown))
		for i, n := range test.grown {
			before[i] = ^uint64(0) - 5 // the counts wrap
			after[i] = before[i] + n
		}
		if at, counted := laneOf(before, after, 1000); at != test.at || counted != test.counted {
			t.Errorf("%s: lane %d, %v, want %d, %v", test.name, at, counted, test.at, test.counted)
		}
	}
}

// example is a report of 12 flows on 3 lanes, of which the last has a single one.
func example() *Report {
	r := &Report{
		To: "198.51.100.2:8834", From: "198.51.100.1", Kind: "bond", Group: "bond bond0 of eth0, eth1, eth2", Seconds: 4,
		How: "the formula of 802.3ad, layer3+4", Goodput: 3e9,
		Lanes: []Lane{{Device: "eth0", Speed: 10e9, Alone: 1.2e9}, {Device: "eth1", Speed: 10e9, Alone: 1.2e9}, {Device: "eth2", Speed: 10e9, Alone: 1.2e9}},
	}
	for i, at := range []int{0, 1, 0, 1, 1, 0, 2, 0, 1, 0, 1, 1} {
		f := Flow{Port: uint16(40001 + 2*i), Lane: at, Predicted: at, Bursts: 1, Bytes: 1e9}
		f.Arrival = &Arrival{Flow: i, Device: "eth4", Queue: (i * 5) % 8, Predicted: (i * 5) % 8, CPU: i % 4, Hash: 0x1234}
		if i == 3 {
			f.Predicted = 2
		}
		r.Flows = append(r.Flows, f)
		r.Predicted.add(f.Lane, f.Predicted)
		r.Queues.add(f.Arrival.Queue, f.Arrival.Predicted)
		r.Lanes[at].Flows++
		r.Lanes[at].Bytes += 1e9
	}
	for i := range r.Lanes {
		r.Lanes[i].Rate = float64(r.Lanes[i].Bytes) / 5
	}
	r.figures()
	r.propose(lane.Set{}, nil)
	return r
}

func TestReport(t *testing.T) {
	r := example()
	var text, object bytes.Buffer
	if err := r.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"12 flows from 198.51.100.1 to 198.51.100.2:8834: bond bond0 of eth0, eth1, eth2\n",
		"flow 40001 -> eth0 -> eth4 queue 0, CPU 0, 1 GB\n",
		"flow 40007 -> eth1 (predicted eth2) -> eth4 queue 7, CPU 3, 1 GB\n",
		"lane 2 eth2: 1 flow, 1 GB, 8.3 %, 200 MB/s of 1.2 GB/s alone, its link says 10 Gbit/s\n",
		"all lanes: Jain 0.774, fullest 1.50 of the mean, efficiency 66.7 % (payload 3 GB/s over 4.0 s; the lanes can carry 3.6 GB/s)\n",
		"lanes: predicted 11 of 12: the formula of 802.3ad, layer3+4\n",
		"queues: predicted 12 of 12: Toeplitz, with the card's own key and table\n",
		"\nsports 40001,40003,40013\n",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the report lacks %q", want)
		}
	}
	if t.Failed() {
		t.Log("\n" + text.String())
	}
	var back Report
	if err := r.WriteJSON(&object); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(object.Bytes(), &back); err != nil || len(back.Flows) != 12 || back.Flows[3].Predicted != 2 {
		t.Errorf("%v, %s", err, object.String())
	}
}

// drawn gives the words of a report's picture and what is said of its curves, in order.
func drawn(t *testing.T, r *Report) (words, tips []string) {
	t.Helper()
	var svg bytes.Buffer
	if err := r.WriteSVG(&svg); err != nil {
		t.Fatal(err)
	}
	var picture struct {
		Texts []string `xml:"text"`
		Paths []struct {
			Title string `xml:"title"`
		} `xml:"path"`
	}
	if err := xml.Unmarshal(svg.Bytes(), &picture); err != nil {
		t.Fatalf("%v in\n%s", err, svg.String())
	}
	for _, p := range picture.Paths {
		tips = append(tips, p.Title)
	}
	return picture.Texts, tips
}

func TestPicture(t *testing.T) {
	r := example()
	r.Flows[11].Lane, r.Flows[11].Arrival = -1, nil
	words, tips := drawn(t, r)
	want := []string{
		"viamillipede lanes: 12 flows to 198.51.100.2:8834, efficiency 66.7 %, Jain 0.774",
		"40023", // its lane is not known
		"40001", "40005", "40011", "40015", "40019", "40003", "40007", "40009", "40017", "40021", "40013",
		"source port", "lane", "came in at",
		"eth0: 5 flows, 1 GB/s", "eth1: 6 flows, 1.2 GB/s", "eth2: 1 flow, 200 MB/s",
		"eth4 queue 0", "eth4 queue 1", "eth4 queue 2", "eth4 queue 3", "eth4 queue 4", "eth4 queue 5", "eth4 queue 6", "eth4 queue 7", "not told",
	}
	if !slices.Equal(words, want) {
		t.Errorf("the words are %q,\nwant %q", words, want)
	}
	for _, want := range []string{
		"flow 40007 -> eth1 (predicted eth2) -> eth4 queue 7, CPU 3, 1 GB", "eth0 -> eth4 queue 2: 1 flow", "eth1 -> eth4 queue 4: 1 flow",
	} {
		if !slices.Contains(tips, want) {
			t.Errorf("no curve says %q: %q", want, tips)
		}
	}
	if n := 11 + 11; len(tips) != n {
		t.Errorf("%d curves, want %d", len(tips), n)
	}
}

// TestPictureOfOthersWords: names come from the peer too, and may be anything.
func TestPictureOfOthersWords(t *testing.T) {
	r := example()
	r.Flows[0].Arrival.Device = "</text><script>&"
	if words, _ := drawn(t, r); !slices.Contains(words, "</text><script>& queue 0") {
		t.Errorf("%q", words)
	}
}

func TestPictureOfNothing(t *testing.T) {
	if words, tips := drawn(t, &Report{}); len(words) != 4 || tips != nil {
		t.Errorf("%q, %q", words, tips)
	}
}

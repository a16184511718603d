package top

import (
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"viamillipede/cmd/viamillipede/internal/control"
	"viamillipede/cmd/viamillipede/internal/events"
)

var update = flag.Bool("update", false, "write the golden files anew")

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// given are settings as the command line has them.
func given(words ...string) (all []events.Setting) {
	for _, w := range words {
		f := strings.Fields(w)
		all = append(all, events.Setting{Word: f[0], Args: f[1:], Given: true})
	}
	return append(all, events.Setting{Word: "threads", Args: []string{"16"}})
}

// hosts are the answers of three programs, some seconds after noon: a sender over three paths, of which one is down and one is off; a
// receiver of many streams; and one that waits.
func hosts(second int) (all []Answer) {
	wave := 1 + math.Sin(float64(second)/5)/2
	order := func(n int) *int { return &n }
	tx := control.NewStatus()
	tx.PID, tx.Age, tx.CPU, tx.Settings = 4711, 600+float64(second), 100+0.45*float64(second), given("tx host1.40g", "tx host1.10g", "rate 100M", "tx host1.last-resort", "file disk.img", "verbose 1", "verbose 3")
	first := events.PathInterval{Path: "host1.40g:8834", Order: 0, State: "up", Links: 8, Lost: 2, Rate: 900e6 * wave, RTT: 180e-6}
	outage := second >= 20 && second < 30
	if outage {
		first.State, first.Links, first.Rate = "down", 0, 0
	}
	tx.Ends = []control.End{{
		Side: "tx", State: "running", Elapsed: tx.Age, Average: 1e9, Left: 58, Outages: 1,
		Interval: events.Interval{
			Seconds: 1, Bytes: 12<<30 + uint64(second)<<30, Of: 80 << 30, Rate: first.Rate + 100e6, Links: first.Links + 4, Lost: 4, Waits: "links",
			Paths: []events.PathInterval{
				first,
				{Path: "host1.10g:8834", Order: 1, State: "up", Links: 4, Lost: 2, Rate: 100e6, Limit: 100 << 20, RTT: 3.4e-3},
				{Path: "host1.last-resort:8834", Order: 2, State: "off"},
			},
		},
		Window:  &control.Window{Next: 5000, Received: 4800, Delivered: 4790, Credit: 252, Resend: 3, Kept: 200 << 20, Limit: 256 << 20},
		Tunable: &control.Tunable{Giveup: 3600, Threads: 12, ThreadsMost: 16, Spill: []float64{500, 500, -1}},
		Each: []control.Link{
			{Link: 0, Path: "host1.40g:8834", Order: order(0), State: "up", Rate: 112e6, RTT: 180e-6, Cwnd: 120, Legs: 2, CPU: 3},
			{Link: 1, Path: "host1.10g:8834", Order: order(1), State: "stalled", Rate: 0, RTT: 3.4e-3, Cwnd: 10, Again: 12, CPU: -1},
		},
	}}
	rx := control.NewStatus()
	rx.PID, rx.Age, rx.CPU, rx.Keep, rx.Settings = 4712, 86400*3+float64(second), 9000+1.2*float64(second), 4, given("rx 8834", "keep 4", "file /srv/images/")
	rx.Ends = []control.End{
		{
			Side: "rx", Number: 7, State: "running", Elapsed: 40, Average: 90e6,
			Interval: events.Interval{Seconds: 1, Bytes: 5 << 30, Rate: 118e6 * wave, Links: 2, Waits: "sink"},
			Ring:     &control.Ring{Next: 900, Received: 1100, Depth: 200, Credit: 52, SinkFull: true},
			Each: []control.Link{
				{Link: 0, Path: "192.0.2.9:40000", State: "up", Rate: 60e6 * wave, RTT: 1e-3, CPU: 0},
				{Link: 1, Path: "192.0.2.9:40002", State: "up", Rate: 58e6 * wave, RTT: 2e-3, CPU: 1},
			},
		},
		{
			Side: "rx", Number: 9, State: "outage", Elapsed: 400, Still: 75, Outages: 2,
			Interval: events.Interval{Seconds: 1, Bytes: 700 << 20, Waits: "links"},
			Outage:   &events.Outage{Phase: "lasts", Text: "no path from the sender works since 11:58:45 (75 s ago); waiting for up to 58 min 45 s more (giveup)"},
			Tunable:  &control.Tunable{Giveup: 300},
			Ring:     &control.Ring{Next: 90, Received: 90, Credit: 252},
		},
	}
	waits := control.NewStatus()
	waits.PID, waits.Age, waits.CPU, waits.Settings = 4713, 12+float64(second), 0.02, given("tx host2", "exec tar c \x1b[31m/ü")
	waits.Ends = []control.End{{Side: "tx", State: "waiting", Interval: events.Interval{Paths: []events.PathInterval{{Path: "host2:8834", State: "down"}}}}}
	for _, s := range []*control.Status{waits, tx, rx} {
		all = append(all, Answer{Status: s})
	}
	return all
}

// known is a model of three programs that were asked so often.
func known(seconds int) *Model {
	m := NewModel("build1")
	for i := range seconds {
		m.Hear(hosts(i), noon.Add(time.Duration(i)*time.Second))
	}
	return m
}

// TestRender draws what golden files have, on three sizes of screen, and with letters alone.
func TestRender(t *testing.T) {
	for _, c := range []struct {
		name          string
		columns, rows int
		change        func(m *Model)
	}{
		{"80x24", 80, 24, func(m *Model) {}},
		{"120x40", 120, 40, func(m *Model) {
			m.Key("l")
			m.Key("j")
			o, _ := m.Key("-")
			m.Note(fmt.Sprint(o.PID, " ", o.Set))
			m.programs[1].Late = 4 * time.Second
		}},
		{"40x10", 40, 10, func(m *Model) { m.Key("j") }},
		{"letters", 80, 24, func(m *Model) { m.Letters = true; m.Key("s") }},
		{"help", 80, 24, func(m *Model) { m.Key("?") }},
		{"help40x10", 40, 10, func(m *Model) { m.Key("?") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := known(60)
			c.change(m)
			got := m.Render(c.columns, c.rows).Text()
			golden := filepath.Join("testdata", c.name+".txt")
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got\n%swant\n%s", got, want)
			}
		})
	}
}

// TestRenderFits: no size of a screen is too small, and what other programs say cannot steer the terminal.
func TestRenderFits(t *testing.T) {
	for _, m := range []*Model{NewModel("build1"), known(300)} {
		m.links = true
		for columns := range 100 {
			for _, rows := range []int{0, 1, 2, 3, 9, 50} {
				f := m.Render(columns, rows)
				for _, c := range f.cells {
					if c.Rune < ' ' || c.Rune == 0x7f || 0x80 <= c.Rune && c.Rune < 0xa0 {
						t.Fatalf("%dx%d: %q", columns, rows, c.Rune)
					}
				}
			}
		}
	}
}

// TestChosenIsSeen: whatever is chosen is on the screen.
func TestChosenIsSeen(t *testing.T) {
	m := known(3)
	for range m.targets() {
		f := m.Render(60, 8)
		seen := false
		for row := 1; row < f.Rows-1; row++ {
			seen = seen || f.At(0, row).Style&Inverse != 0
		}
		if !seen {
			t.Errorf("%+v is not on the screen:\n%s", m.at, f.Text())
		}
		m.Key("j")
	}
}

// TestDraw: what a terminal is told makes it show the frame, whatever it showed before; without colours there are none.
func TestDraw(t *testing.T) {
	m := known(40)
	before := m.Render(80, 24)
	m.Hear(hosts(41), noon.Add(41*time.Second))
	after := m.Render(80, 24)
	s := newScreen(80, 24)
	s.write(before.Draw(nil, true))
	s.write(after.Draw(before, true))
	if got := s.text(); got != after.Text() {
		t.Errorf("got\n%swant\n%s", got, after.Text())
	}
	if n := len(after.Draw(after, true)); n != 0 {
		t.Errorf("the same again takes %d bytes", n)
	}
	whole := after.Draw(nil, false)
	for _, code := range []string{";31m", ";32m", ";33m", ";34m", ";36m"} {
		if strings.Contains(whole, code) {
			t.Errorf("a colour without colours: %q", code)
		}
	}
}

// screen is a terminal that knows what Draw says, and nothing else.
type screen struct {
	cells       [][]rune
	column, row int
}

func newScreen(columns, rows int) *screen {
	s := &screen{cells: make([][]rune, rows)}
	for i := range s.cells {
		s.cells[i] = []rune(blank(columns))
	}
	return s
}

func (s *screen) write(text string) {
	for len(text) > 0 {
		if rest, ok := strings.CutPrefix(text, "\x1b["); ok {
			end := strings.IndexFunc(rest, func(r rune) bool { return r >= '@' && r <= '~' })
			s.control(rest[:end], rest[end])
			text = rest[end+1:]
			continue
		}
		for _, r := range text {
			s.cells[s.row][s.column] = r
			s.column++
			text = text[len(string(r)):]
			break
		}
	}
}

func (s *screen) control(parameters string, what byte) {
	switch what {
	case 'H':
		_, _ = fmt.Sscanf(parameters, "%d;%d", &s.row, &s.column)
		s.row, s.column = s.row-1, s.column-1
	case 'K':
		for i := s.column; i < len(s.cells[s.row]); i++ {
			s.cells[s.row][i] = ' '
		}
	case 'J':
		*s = *newScreen(len(s.cells[0]), len(s.cells))
	}
}

func (s *screen) text() string {
	var b strings.Builder
	for _, row := range s.cells {
		b.WriteString(strings.TrimRight(string(row), " ") + "\n")
	}
	return b.String()
}

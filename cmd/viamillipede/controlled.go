package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"viamillipede/cmd/viamillipede/internal/control"
	"viamillipede/cmd/viamillipede/internal/events"
	"viamillipede/cmd/viamillipede/internal/meter"
	"viamillipede/cmd/viamillipede/internal/progress"
	"viamillipede/cmd/viamillipede/internal/words"
	"viamillipede/engine"
	"viamillipede/engine/observe"
)

// controlled is this program as others ask it (package control).
type controlled struct {
	inv    *invocation
	kind   string           // stream, keep or bench
	table  func() []keyword // the grammar of its command line
	sides  func() []*side   // those of the streams that there are now
	begun  time.Time
	server *control.Server

	mu    sync.Mutex
	noted []events.Setting // what was changed; guarded by mu
}

// theControl is the program's, which has to go at its end; nil: nobody can ask.
var theControl atomic.Pointer[controlled]

// controlOff is the word for no socket.
const controlOff = "off"

// steered are the keywords about who may ask, and steer, the program.
func steered() []keyword {
	return []keyword{{
		name: "control", initial: "on",
		args: []argument{{
			name: "PATH|off", want: fmt.Sprintf("the path of a socket, of at most %d bytes, or off", control.PathMost), literal: true,
			set: func(inv *invocation, word string) bool {
				inv.telling.control = word
				return word != "" && len(word) <= control.PathMost && !strings.Contains(word, "\x00")
			},
		}},
		gist: "the socket at which status, set and stop find this program",
		more: `
By default it is PID.sock in $XDG_RUNTIME_DIR/viamillipede or, of root, in
/run/viamillipede; where there is no such folder, there is none. With a PATH it is there, or
in that folder as PID.sock, and "viamillipede status PATH" asks there. Only you and root
may ask. It goes when the program ends.`,
	}}
}

// openControl lets others ask the program, of a stream or of many. The error is an *engine.Error, of a path that the user has named.
func (inv *invocation) openControl() error {
	c := &controlled{inv: inv, kind: "stream", table: grammar, sides: inv.sight.streams}
	if inv.keep > 0 {
		c.kind = "keep"
	}
	return c.open()
}

// open begins to listen where the user says, or where there is a place.
func (c *controlled) open() error {
	inv := c.inv
	path := inv.telling.control
	switch st, err := os.Stat(path); {
	case path == controlOff:
		return nil
	case path == "":
		if path = control.Default(); path == "" {
			return nil
		}
	case err == nil && st.IsDir():
		if path = control.At(filepath.Clean(path), os.Getpid()); len(path) > control.PathMost {
			return &engine.Error{Status: engine.StatusUsage, Reason: fmt.Sprintf("control: %s has more than %d bytes", path, control.PathMost)}
		}
	}
	c.begun = time.Now()
	var err error
	if c.server, err = control.Listen(path, c); err != nil {
		if inv.telling.control == "" {
			return nil
		}
		return &engine.Error{Status: engine.StatusUsage, Reason: "control: cannot listen at " + path, Err: err}
	}
	theControl.Store(c)
	if inv.telling.control == "" {
		go control.Sweep(path)
	}
	return nil
}

// end has the socket go, and tells those that wait for the end of the program.
func (c *controlled) end(status engine.Status) {
	c.server.Close(int(status), gistOf(status), lastWords)
}

// Stop is part of control.Program.
func (c *controlled) Stop() error {
	return syscall.Kill(os.Getpid(), syscall.SIGTERM) // whatever runs knows what to do then
}

// Status is part of control.Program.
func (c *controlled) Status(r control.Request) *control.Status {
	now := time.Now()
	s := control.NewStatus()
	s.Time, s.Kind, s.Age, s.CPU, s.Keep = now.UTC().Format(time.RFC3339Nano), c.kind, now.Sub(c.begun).Seconds(), usedCPU(), c.inv.keep
	s.Beginning = events.Begin(events.Program{Version: version, Wire: wireVersion}, c.settings())
	var text strings.Builder
	if r.Text {
		text.WriteString(c.heading(s, r.Columns))
	}
	for _, side := range c.sides() {
		seen := side.stand()
		s.Ends = append(s.Ends, seen.end(r.Links))
		if r.Text {
			text.WriteString(seen.text(r.Columns))
		}
	}
	s.Text = text.String()
	return s
}

// usedCPU is how long the threads of this process have computed, in seconds.
func usedCPU() float64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}

// heading begins the text about a program: its PID, its settings and its age.
func (c *controlled) heading(s *control.Status, columns int) string {
	line := fmt.Sprintf("%d:", s.PID)
	for _, given := range s.GivenSettings() {
		line += " " + strings.Join(append([]string{given.Word}, given.Args...), " ")
	}
	line += ", for " + words.Duration(time.Since(c.begun))
	if s.Keep > 0 {
		line += fmt.Sprintf(", with %d of %s", streamsOf(c.sides()), words.Number(s.Keep, "stream"))
	}
	return words.Fold(line, columns) + "\n"
}

// asked is what was last seen of a side by those who ask.
type asked struct {
	mu    sync.Mutex
	meter *meter.Meter     // guarded by mu, as is all below; nil: nobody has asked lately
	last  observe.Snapshot // when an interval began
}

// An interval of those who ask is no shorter and no longer than that: otherwise it is the last second.
const (
	askedLeast = 500 * time.Millisecond
	askedMost  = 15 * time.Second
)

// stance is how a side stands.
type stance struct {
	*side
	snapshot observe.Snapshot
	view     meter.View
	interval events.Interval
}

// stand looks at a side for those who ask.
func (s *side) stand() stance {
	snap := s.Snapshot()
	s.asked.mu.Lock()
	defer s.asked.mu.Unlock()
	took := snap.Time.Sub(s.asked.last.Time)
	if took > askedMost {
		s.asked.meter = meter.New(&s.heard)
	}
	v := s.asked.meter.Read(snap)
	i := events.IntervalOf(s.asked.last, snap, v)
	if took < askedLeast || took > askedMost {
		i.Seconds, i.Rate = 1, 0
		for _, l := range snap.Links {
			i.Rate += float64(l.Rate)
		}
		for n, p := range snap.Paths {
			i.Paths[n].Rate = float64(p.Now)
		}
		v.Now = i.Rate
	}
	if took >= askedLeast {
		s.asked.last = snap
	}
	return stance{s, snap, v, i}
}

// state is how the end stands, in a word.
func (s *stance) state() string {
	switch {
	case s.view.Ended:
		return "ended"
	case s.view.Comparing:
		return "comparing"
	case !s.view.Met:
		return "waiting"
	case s.heard.Outages().Now != nil:
		return "outage"
	}
	return "running"
}

// end is the same for programs; with links, each of them.
func (s *stance) end(links bool) control.End {
	sum, outages := s.snapshot.Summary, s.heard.Outages()
	e := control.End{
		Side: s.name, Number: s.number, State: s.state(), Interval: s.interval, Elapsed: sum.Elapsed.Seconds(), Average: s.view.Average,
		Left: max(0, s.view.Left).Seconds(), Still: s.view.Still.Seconds(), Outages: outages.Number, Sidechain: events.CodedOf(sum.Coding),
	}
	if s.view.Comparing {
		e.Comparing = &control.Comparing{Bytes: s.view.Bytes, Of: s.view.Of}
	}
	if o := outages.Now; o != nil {
		told := events.OutageOf(*o)
		e.Outage = &told
	}
	if w := s.snapshot.Window; w != nil {
		e.Window = &control.Window{
			Next: w.Next, Received: w.Received, Delivered: w.Delivered, Credit: w.Credit, Resend: w.Waiting, Kept: w.Kept, Limit: w.Limit,
		}
	}
	if r := s.snapshot.Ring; r != nil {
		e.Ring = &control.Ring{Next: r.Next, Received: r.Received, Depth: r.Depth, Credit: r.Credit, SinkFull: r.SinkFull}
	}
	if t, ok := s.stream.(tuned); ok && !s.view.Ended {
		e.Tunable = tunableOf(t.Tuned())
	}
	if links {
		for _, l := range s.snapshot.Links {
			e.Each = append(e.Each, linkOf(l, s.snapshot.Time))
		}
	}
	return e
}

// linkStates are the states of links, for programs.
var linkStates = map[observe.State]string{
	observe.StateDialling: "dialling", observe.StateUp: "up", observe.StateStalled: "stalled", observe.StateDown: "down",
}

// linkOf is a link for programs.
func linkOf(l observe.LinkStatus, now time.Time) control.Link {
	link := control.Link{
		Link: l.Index, Path: l.Path, State: linkStates[l.State], For: now.Sub(l.Since).Seconds(), Bytes: l.Bytes, Rate: float64(l.Rate),
		RTT: l.Kernel.RTT.Seconds(), Cwnd: l.Kernel.Cwnd, Again: int(l.Kernel.Retransmits), Legs: l.InFlight, Loop: l.Loop, CPU: l.Kernel.CPU,
	}
	if l.Order >= 0 {
		link.Order = &l.Order
	}
	if l.State == observe.StateDialling || l.State == observe.StateDown {
		link.CPU = -1 // no packet came in
	}
	return link
}

// text is the same for people.
func (s *stance) text(columns int) string {
	name := s.name
	if s.number > 0 {
		name = fmt.Sprintf("stream %d %s", s.number, name)
	}
	wide := columns
	if wide == 0 {
		wide = linesWide
	}
	lines := []string{progress.Line(name, s.view, s.snapshot.Time.Sub(s.begun), wide-2)}
	outages := s.heard.Outages()
	if outages.Number > 0 {
		lines = append(lines, words.Number(outages.Number, "outage")+" so far")
	}
	if o := outages.Now; o != nil {
		lines = append(lines, strings.Split(words.Fold(words.Event(*o), max(0, columns-2)), "\n")...)
	}
	if s.view.Ended {
		lines = append(lines, words.Summary(s.snapshot.Summary))
	} else {
		standing := words.Standing(s.snapshot, max(0, columns-2))
		lines = slices.Concat(lines, strings.Split(strings.TrimRight(standing, "\n"), "\n"))
	}
	return "  " + strings.Join(lines, "\n  ") + "\n"
}

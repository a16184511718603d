package main

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"viamillipede/cmd/viamillipede/internal/alarm"
	"viamillipede/cmd/viamillipede/internal/events"
	"viamillipede/cmd/viamillipede/internal/metrics"
	"viamillipede/cmd/viamillipede/internal/progress"
	"viamillipede/cmd/viamillipede/internal/voice"
	"viamillipede/cmd/viamillipede/internal/words"
	"viamillipede/engine"
	"viamillipede/engine/observe"
	"viamillipede/netio"
)

// sight is what users and programs see of streams, beside the lines of their logs: the terminal, events, and a command that is run.
type sight struct {
	telling
	teller *events.Teller
	out    *voice.Voice // of events; nil: none
	alarm  *alarm.Alarm
	screen *progress.Screen               // nil: nothing is shown
	plain  bool                           // progress in lines, where there is no terminal
	paths  bool                           // one of several may be gone while others work
	server *metrics.Server                // nil: nobody asks
	self   atomic.Pointer[side]           // what is said of none of the streams, where there are many; nil: there is one
	sides  atomic.Pointer[func() []*side] // those of streams, now; nil: there are none yet
}

// inSight is the program's, which is told how it ends.
var inSight atomic.Pointer[sight]

const (
	// alarmMost bounds how long the program waits at its end for the command of notify.
	alarmMost = 5 * time.Second
)

// openSight opens what the command line asks for, and tells that the program begins. The error is an *engine.Error.
func (inv *invocation) openSight() (*sight, error) {
	s := &sight{telling: inv.telling, paths: len(inv.tx.paths) > 1 || len(inv.rx.paths) > 1}
	notes, err := stderr.Set(s.logs)
	if err != nil {
		return nil, unwritable("log", s.logs.File, err)
	}
	var listeners []events.Listener
	if s.out, err = openEvents(s.events); err != nil {
		return nil, err
	}
	if s.out != nil {
		listeners = append(listeners, s.hear)
	}
	if s.notify != "" {
		s.alarm = alarm.New(s.notify, func(err error) { say(ownPrefix, "notify: "+strings.TrimPrefix(err.Error(), "exec ")) })
		listeners = append(listeners, s.alarm.Hear)
	}
	if s.metrics != "" {
		network, address, _ := metrics.Parse(s.metrics)
		if s.server, err = metrics.Listen(network, address, s.figures); err != nil {
			return nil, &engine.Error{Status: engine.StatusUsage, Reason: "metrics: cannot listen at " + s.metrics, Err: err}
		}
	}
	s.teller = events.NewTeller(listeners...)
	if inv.hasConsole() && s.progress != "on" {
		s.progress = "off" // the screen is that of the program at the other end
	}
	s.openScreen()
	for _, note := range notes {
		say(ownPrefix, note)
	}
	if s.out != nil {
		s.begin(inv.settings())
	}
	return s, nil
}

// openEvents opens where events go, by the name that the user gives; "": nobody wants them. The error is an *engine.Error.
func openEvents(name string) (*voice.Voice, error) {
	if name == "" {
		return nil, nil
	}
	out, err := events.Open(name, func(err error) { say(ownPrefix, "events: cannot write: "+err.Error()) })
	if err != nil {
		return nil, &engine.Error{Status: engine.StatusUsage, Reason: "events: " + err.Error()}
	}
	return out, nil
}

// hear writes an event.
func (s *sight) hear(_ string, line []byte) { _, _ = s.out.Write(line) }

// begin tells that the program begins; how it ends will be told, too.
func (s *sight) begin(settings []events.Setting) {
	inSight.Store(s)
	s.teller.Start(events.Begin(events.Program{Version: version, Wire: wireVersion}, settings))
}

// unwritable is the error of a file that cannot be opened.
func unwritable(word, name string, err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		err = e.Err
	}
	return &engine.Error{Status: engine.StatusUsage, Reason: word + ": " + name + " cannot be written", Err: err}
}

// openScreen decides where progress is shown.
func (s *sight) openScreen() {
	terminal := netio.IsTerminal(standardError) && os.Getenv("TERM") != "dumb" && os.Getenv("TERM") != ""
	switch {
	case s.progress == "off":
	case terminal:
		s.screen = progress.NewScreen(stderr.Voice(), standardError, s.progress == "on")
	default:
		s.plain = s.progress == "on"
	}
}

// settings are the words of the command line as given, and after them those with a default that were not.
func (inv *invocation) settings() []events.Setting { return settingsOf(inv.given, grammar()) }

// settingsOf is settings for a command with that grammar.
func settingsOf(given []events.Setting, table []keyword) []events.Setting {
	all := slices.Clone(given)
	seen := map[string]bool{}
	for _, s := range all {
		seen[s.Word] = true
	}
	for _, k := range table {
		if k.initial != "" && !k.ofPath && !seen[k.name] && k.name != "rx" && k.name != "tx" && k.name != keepWord {
			all = append(all, events.Setting{Word: k.name, Args: []string{k.initial}})
		}
	}
	return all
}

// streams are the sides of those that there are now.
func (g *sight) streams() []*side {
	if sides := g.sides.Load(); sides != nil {
		return (*sides)()
	}
	return nil
}

// figures is what Prometheus gets.
func (g *sight) figures() string {
	var ends []metrics.End
	for _, s := range g.streams() {
		ends = append(ends, metrics.End{Side: s.name, Number: s.number, Size: s.heard.Size(), Snapshot: s.Snapshot()})
	}
	return metrics.Text(metrics.Program{Version: version, Wire: wireVersion}, ends)
}

// chorus is several observers that hear the same.
type chorus []observe.Observer

// Enabled implements observe.Observer.
func (c chorus) Enabled(level observe.Level) bool {
	for _, o := range c {
		if o.Enabled(level) {
			return true
		}
	}
	return false
}

// Observe implements observe.Observer.
func (c chorus) Observe(e observe.Event) {
	for _, o := range c {
		if o.Enabled(observe.LevelOf(e)) {
			o.Observe(e)
		}
	}
}

// beside is the sight of one of many streams, which have no line on the terminal.
func (g *sight) beside() *sight {
	return &sight{telling: g.telling, teller: g.teller, out: g.out, server: g.server}
}

// witness is all who hear of the events of a side.
func (inv *invocation) witness(s *side) observe.Observer {
	log, g := inv.herald.beside(s), inv.sight
	if g.teller != nil {
		return chorus{log, &s.heard, s.events}
	}
	return chorus{log, &s.heard}
}

// sum says what a side did, and how it ended. Where progress was shown the summary takes its place, whatever the level of verbose.
func (g *sight) sum(s *side, sum observe.Summary, err error) {
	if g != nil && (g.screen != nil && g.screen.Seen()) && !s.log.Enabled(observe.LevelSummary) {
		say(s.prefix, words.Summary(sum))
	}
	s.log.Printf(observe.LevelSummary, "%s", words.Summary(sum))
	if g != nil {
		status := engine.ExitStatus(err)
		s.events.End(sum, int(status), gistOf(status), err)
	}
}

// exit tells how the program ends.
func (g *sight) exit(status engine.Status) {
	var reason string
	if why := failure.Load(); why != nil && status != engine.StatusDone {
		reason = *why
	}
	g.teller.Exit(int(status), gistOf(status), reason)
	g.out.Flush(lastWords)
}

// close ends what looks at the streams, which have ended.
func (g *sight) close() {
	if g.server != nil {
		g.server.Close()
	}
	if g.alarm != nil {
		g.alarm.Close(alarmMost)
	}
}

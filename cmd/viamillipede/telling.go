package main

import (
	"strings"
	"time"

	"viamillipede/cmd/viamillipede/internal/logs"
	"viamillipede/cmd/viamillipede/internal/metrics"
	"viamillipede/cmd/viamillipede/internal/notify"
)

// telling is what the command line says about who is told of a stream, and how.
type telling struct {
	progress string        // on, off, or "" for auto
	events   string        // a file, fd:N or -; "": nobody wants them
	interval time.Duration // of events; 0: defaultInterval
	logs     logs.Options
	notify   string // a command; "": none
	control  string // the path of a socket or a folder, off, or "" for the default
	metrics  string // where Prometheus asks: PORT, ADDR:PORT or unix:PATH; "": nowhere
}

const (
	defaultInterval = time.Second
	mostSize        = 1 << 50 // bytes of a stream
)

var (
	progressChoices = []string{"auto", "on", "off"}
	logJournal      = "journal"
)

// shown are the keywords about what is seen on a terminal.
func shown() []keyword {
	return []keyword{
		{
			name: "progress", initial: "auto",
			args: []argument{choice(progressChoices, func(inv *invocation, way string) { inv.telling.progress = way })},
			gist: "show on the terminal how the stream stands",
			more: `
A line below all others, renewed twice a second: bytes, of how many, the rate now and on
average, the time left, paths (or links) up, links lost, and what it waits for: source,
links or sink, and for how long if nothing moves. What has no room is left out. With
auto, it is shown where standard error is a terminal, this program is in the foreground
there, and no other viamillipede draws; with on, as long as it is a terminal, and
elsewhere as a line every 10 s. When it goes, the final summary takes its place. With keep
the line is about all streams: how many there are, have ended, and have failed, and what
they move together.`,
		},
		{
			name: "size",
			args: []argument{size(1, mostSize, 1, func(inv *invocation, n int64) { inv.options.Size = n })},
			gist: "how long the stream will be, if that cannot be known",
			more: `
For tx; rx learns it from there. It says what of a stream there is and how long the rest
will take, here, at rx (VIAMILLIPEDE_SIZE), and in events. It may be wrong: nothing relies on
it. Of a file it is known.`,
		},
	}
}

// told are the keywords about what programs are told.
func told() []keyword {
	return []keyword{
		{
			name: "events",
			args: []argument{eventsFile()},
			gist: "write to FILE what happens, one JSON object a line",
			more: `
From "start", with all settings, to "exit", with the exit status: contact, links, paths,
outages, stalls, choices, intervals, and the "end" of each end of a stream. Each line has the
version of the schema (v), which is in the source as events/schema.json; fields are only
ever added. An existing file is replaced. The stream waits for no reader: what it does not take is
dropped, and a line "missing" counts that. - is for tx, or an rx that does not write there.`,
		},
		{
			name: "interval", initial: secondsText(defaultInterval),
			args: []argument{seconds("", func(inv *invocation, d time.Duration) { inv.telling.interval = d })},
			gist: "how often events have figures of the stream and each path",
		},
		{
			name: "notify",
			args: []argument{command(func(inv *invocation, text string) { inv.telling.notify = text })},
			gist: "run a command when an outage begins or ends, and at the end",
			more: `
A shell runs COMMAND (sh -c) with the event, as a line of JSON (see events), on its
standard input, and its name in VIAMILLIPEDE_EVENT: "outage", with a phase that is
"begins" or "ends", or "end", with the status. What it writes goes to standard error. One runs at a
time, for a minute at most; the stream never waits for it, the program at its end for up to 5 s.
Then the command is ended too.`,
		},
	}
}

// eventsFile is where events go.
func eventsFile() argument {
	return argument{
		name: "FILE|fd:N|-", want: "a file, fd:N with a descriptor from 3, or - for standard output", literal: true,
		set: func(inv *invocation, word string) bool {
			inv.telling.events = word
			_, is, ok := notify.ParseFD(word)
			return word != "" && !strings.Contains(word, "\x00") && is == ok
		},
	}
}

// scraped is the keyword about figures that are asked for.
func scraped() []keyword {
	return []keyword{{
		name: "metrics",
		args: []argument{{
			name: "ADDR:PORT|unix:PATH", want: "a port, an address and a port, or unix: and a path",
			set: func(inv *invocation, word string) bool {
				inv.telling.metrics = word
				_, _, ok := metrics.Parse(word)
				return ok
			},
		}},
		gist: "answer Prometheus there, at /metrics",
		more: `
A PORT alone is for this host (127.0.0.1). The figures are those of the moment, of each end
of a stream in this process and each path; their names begin with viamillipede_. Anyone
who reaches the port sees them.`,
	}}
}

// logged are the keywords about lines for people.
func logged() []keyword {
	return []keyword{
		{
			name: "timestamps", initial: "off",
			args: []argument{choice(switchChoices, func(inv *invocation, way string) { inv.telling.logs.Stamps = way == "on" })},
			gist: "begin each line on standard error with the time (RFC 3339)",
		},
		{
			name: "log", many: true,
			args: []argument{{
				name: "FILE|journal|json", want: "a file, journal or json", literal: true,
				set: func(inv *invocation, word string) bool { return inv.telling.log(word) },
			}},
			gist: "write the lines to a log too, or as JSON",
			more: `
FILE gets each line with the time, after what is in it. journal is that of systemd, with
PRIORITY and VIAMILLIPEDE_SIDE (tx or rx), if it is there; where standard error goes
there anyway, lines are not written twice. json makes each line on standard error an object
with time, priority, side and text. verbose says how much is said, in all of them.`,
		},
	}
}

// log notes where lines go, or how; false: it was said before.
func (t *telling) log(word string) bool {
	switch {
	case word == logJournal && !t.logs.Journal:
		t.logs.Journal = true
	case word == jsonWord && !t.logs.JSON:
		t.logs.JSON = true
	case word == "" || word == logJournal || word == jsonWord || t.logs.File != "" || strings.Contains(word, "\x00"):
		return false
	default:
		t.logs.File = word
	}
	return true
}

// paced is the keyword about how fast a stream may be.
func paced() []keyword {
	return []keyword{{
		name: "limit",
		args: []argument{size(leastRate, mostRate, 1, func(inv *invocation, n int64) { inv.options.Limit = uint64(n) })},
		gist: "the most that tx sends in all, in bytes a second",
		more: `
The source is read no faster, whatever the paths are. Legs that have to be sent again
come on top, and holes of a file cost nothing. See rate for the links of one path.`,
	}}
}

// completeTelling checks what belongs together.
func (inv *invocation) completeTelling() error {
	t := &inv.telling
	switch {
	case t.events == "-" && inv.rx.said() && inv.filing.sink == "":
		return usageError("events: - is standard output, where rx writes the stream")
	case t.interval != 0 && t.events == "":
		return usageError("interval: is for events")
	case t.logs.JSON && t.logs.Stamps:
		return usageError("timestamps: a line of log json has the time already")
	case inv.options.Size != 0 && !inv.tx.said():
		return usageError("size: is for tx, from which rx learns it")
	case inv.options.Limit != 0 && !inv.tx.said():
		return usageError("limit: is for tx, which reads the source")
	}
	return nil
}

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"viamillipede/cmd/viamillipede/internal/control"
	"viamillipede/engine"
	"viamillipede/engine/wire"
	"viamillipede/netio"
)

// Commands to programs that run.
const (
	statusWord = "status"
	setWord    = "set"
	stopWord   = "stop"
	topWord    = "top"
)

// remoteWords are these commands.
var remoteWords = []string{statusWord, topWord, setWord, stopWord}

// remote are the keywords that begin them.
func remote() []keyword {
	pid := argument{name: "PID", want: "a PID, or the path of a socket, which has a slash", literal: true}
	any := pid
	any.optional = func(string) bool { return true }
	several := any
	several.name = "PID..."
	asJSON := argument{name: jsonWord, want: "the same for programs, one JSON object a line", literal: true, optional: any.optional}
	return []keyword{
		{
			name: statusWord, first: true, args: []argument{any, asJSON},
			gist: "how the streams of a running program stand, or of all of yours",
			more: `
For each program its settings, and for each end of a stream in it the bytes, the rate,
the time left, each path in the order of preference with its links, rate and round
trip, the window or the ring, outages, and what a sidechain did. It asks at the
socket of control, which programs have unless theirs is off. With json each program is
one line, with the fields of "start" and, in "ends", those of "interval" (see events)
and more; the schema is in the source as control/schema.json.`,
		},
		{
			name: topWord, first: true, args: []argument{several},
			gist: "the streams of running programs on a whole screen, and keys to steer",
			more: `
For each end of a stream what status says, once a second, with what it and its paths carried lately
as a line of bars. Up and down choose a program, a path, or one of many streams (keep);
p takes that path out of use, or back into it; + and - change its rate, or the limit of
all that tx sends, and 0 lifts it; t and T have a link more, or fewer (threads); < and >
have the path help sooner or later (spill); g and G have the stream wait longer, or less
long (giveup); v and V have the program say more or less; s has it stop, after a
question; l shows each link; ? lists the keys; q leaves. They go no further than set
does. A terminal of 40 columns and 10 rows is enough, and 80 by 24 is better. There are
no colours with NO_COLOR, and only ASCII where the locale is not UTF-8. Where TERM is
dumb, use status.`,
		},
		{
			name: setWord, first: true,
			args: []argument{pid, {name: "WORD", want: choice(tuningWords(), nil).want, choices: tuningWords()}, {name: "VALUE", want: "as on the command line"}},
			gist: "change a setting of a running program",
			more: `
giveup SECONDS · limit SIZE|off · threads N · verbose N, and of one path, which is named
by its number, from 1, or by its name (the only one needs none):
rate [PATH] SIZE|off · spill [PATH] MS|never · path PATH on|off.
It says what was and what is. Where there are rx and tx, or several streams (keep), all that
have the setting get it, unless "stream N", "tx" or "rx" stands before WORD; with keep,
those that are there now, and verbose those to come, too. Paths, their links and rates are
those of the end that dials. Links go down to one on each path and up to the number with which
the stream began; those that are too many end without loss. A path that is off has no links
and carries nothing; the last one stays on.`,
		},
		{
			name: stopWord, first: true, args: []argument{pid},
			gist: "have a running program stop, and wait until it has ended",
			more: `
As by SIGTERM: the peer is told, and with keep no more streams are served while those that
are there go on; a second stop ends them. It waits for up to 30 s, and says
with which status the program has ended.`,
		},
	}
}

// errand is a command to programs that run.
type errand struct {
	word string
	who  string   // a PID or a path; "": all of the user's programs
	rest []string // of the line
	json bool
}

// runRemote carries out a command line that begins with one of remoteWords.
func runRemote(line []string) engine.Status {
	if line[0] == topWord {
		return runTop(line[1:])
	}
	e, err := parseErrand(line)
	if err != nil {
		return failed(ownPrefix, err)
	}
	switch e.word {
	case statusWord:
		err = e.status(os.Stdout)
	case setWord:
		err = e.set(os.Stdout)
	case stopWord:
		err = e.stop(os.Stdout)
	}
	if err != nil {
		return failed(ownPrefix, err)
	}
	return engine.StatusDone
}

// parseErrand reads it. Its errors are those of parse.
func parseErrand(line []string) (errand, error) {
	e := errand{word: line[0], rest: line[1:]}
	if e.word == statusWord {
		if n := len(e.rest); n > 0 && e.rest[n-1] == jsonWord {
			e.json, e.rest = true, e.rest[:n-1]
		}
	} else if len(e.rest) == 0 {
		return e, usageError("%s: expected %s, found the end of the line", e.word, remote()[0].args[0].want)
	}
	if len(e.rest) > 0 {
		if e.who, e.rest = e.rest[0], e.rest[1:]; e.who == "" { // a variable of a script that is not set: not all programs are meant
			return e, usageError("%s: expected %s, found %q", e.word, remote()[0].args[0].want, e.who)
		}
	}
	if e.word == setWord {
		if _, _, err := parseWish(e.rest); err != nil {
			return e, usageError("%s: %v", e.word, err)
		}
		return e, nil
	}
	if len(e.rest) > 0 {
		return e, usageError("%s: expected the end of the line, found %q", e.word, e.rest[0])
	}
	return e, nil
}

// places are those of the programs that the errand is for.
func (e *errand) places() ([]control.Place, error) {
	if e.who == "" {
		return control.List(), nil
	}
	p, err := control.Find(e.who)
	if err != nil {
		return nil, e.failed(engine.StatusUsage, err)
	}
	return []control.Place{p}, nil
}

func (e *errand) failed(status engine.Status, err error) error {
	return &engine.Error{Status: status, Reason: e.word, Err: err}
}

// ask has f talk to a program.
func (e *errand) ask(p control.Place, f func(c *control.Client) error) error {
	c, err := control.Dial(p)
	if err != nil {
		return e.failed(engine.StatusConnect, err)
	}
	defer c.Close()
	err = f(c)
	var refused *control.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &refused):
		return e.failed(engine.StatusUsage, errors.New(wire.Printable(refused.Text)))
	case errors.Is(err, os.ErrDeadlineExceeded):
		err = fmt.Errorf("%v has not answered within %v", p, control.AnswerMost)
	}
	return e.failed(engine.StatusConnect, err)
}

// status prints how programs stand. Of several, one that has ended meanwhile, or does not answer, costs the others nothing.
func (e *errand) status(w io.Writer) error {
	places, err := e.places()
	if err != nil {
		return err
	}
	r := control.Request{Text: !e.json, Columns: outputWidth(), Links: e.json}
	answers, failures := make([]*control.Status, len(places)), make([]error, len(places))
	var all sync.WaitGroup
	for i, p := range places {
		all.Go(func() {
			failures[i] = e.ask(p, func(c *control.Client) (err error) {
				answers[i], err = c.Status(r)
				return err
			})
		})
	}
	all.Wait()
	var text []string
	for i, s := range answers {
		switch err := failures[i]; {
		case err == nil && e.json:
			text = append(text, s.Line())
		case err == nil:
			text = append(text, printable(s.Text))
		case errors.Is(err, control.ErrGone) && e.who == "":
		case e.who != "":
			return err
		default:
			failed(ownPrefix, err)
		}
	}
	if e.json {
		_, err = io.WriteString(w, strings.Join(text, ""))
	} else if len(text) == 0 {
		_, err = io.WriteString(w, "no program of yours can be asked on this host\n")
	} else {
		_, err = io.WriteString(w, strings.Join(text, "\n"))
	}
	if err != nil {
		return localPipe("standard output", err)
	}
	return nil
}

// printable is a text of another program as far as a terminal may have it.
func printable(text string) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for i, line := range lines {
		indent := len(line) - len(strings.TrimLeft(line, " "))
		lines[i] = line[:indent] + wire.Printable(line[indent:])
	}
	return strings.Join(lines, "\n") + "\n"
}

// set has a setting changed, and says what was and what is.
func (e *errand) set(w io.Writer) error {
	places, err := e.places()
	if err != nil {
		return err
	}
	return e.ask(places[0], func(c *control.Client) error {
		changes, err := c.Set(e.rest...)
		if err != nil {
			return err
		}
		var text strings.Builder
		for _, change := range changes {
			line := changeText(change)
			switch {
			case change.Number > 0:
				line = fmt.Sprintf("stream %d %s: %s", change.Number, change.Side, line)
			case len(changes) > 1 && change.Side != "":
				line = change.Side + ": " + line
			}
			text.WriteString(wire.Printable(line) + "\n")
		}
		_, err = io.WriteString(w, text.String())
		return err
	})
}

// stopMost is how long stop waits for the end of a program.
const stopMost = 30 * time.Second

// stop has a program stop.
func (e *errand) stop(w io.Writer) error {
	places, err := e.places()
	if err != nil {
		return err
	}
	return e.ask(places[0], func(c *control.Client) error {
		if err := c.Stop(); err != nil {
			return err
		}
		end, err := c.Await(stopMost)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return fmt.Errorf("it has been told, and has not ended within %v; a second stop ends it at once", stopMost)
		}
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(w, "%v ended with status %d: %s\n", places[0], end.Status, wire.Printable(end.Meaning))
		return err
	})
}

// isRemote reports whether a command line is for programs that run.
func isRemote(line []string) bool { return slices.Contains(remoteWords, line[0]) }

// outputWidth is how many characters a line on standard output may have; 0: any number.
func outputWidth() int {
	if n := netio.TerminalWidth(standardOutput); n > 0 {
		return n
	}
	n, err := strconv.Atoi(os.Getenv("COLUMNS"))
	if err != nil {
		return 0
	}
	return max(0, n)
}

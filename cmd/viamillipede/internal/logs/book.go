package logs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"viamillipede/cmd/viamillipede/internal/voice"
	"viamillipede/engine/observe"
)

// Priority is how urgent a line is, as syslog(3) numbers it.
type Priority int

// The priorities.
const (
	Error   Priority = 3 // the program fails
	Warning Priority = 4 // somebody should know
	Notice  Priority = 5 // what was asked for
	Info    Priority = 6
	Debug   Priority = 7
)

// String is the priority in JSON.
func (p Priority) String() string {
	return [...]string{"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"}[p]
}

// Options are how lines are written, and where to.
type Options struct {
	Stamps  bool // on standard error, each line begins with the time
	JSON    bool // on standard error, each line is a JSON object
	Journal bool // they go to the journal too
	File    string
}

// Book writes lines: whole ones, each call's together. It is an io.Writer, of notices. Any goroutine may use it.
type Book struct {
	out  *voice.Voice // standard error
	name string       // begins each line
	form atomic.Pointer[form]
}

// form is what is done with lines.
type form struct {
	Options
	silent  bool // standard error is the journal, which gets them by its protocol
	file    *voice.Voice
	journal *journal
}

// NewBook makes one that writes plain lines. name is the program's, with which each of them begins.
func NewBook(out *voice.Voice, name string) *Book {
	b := &Book{out: out, name: name}
	b.form.Store(&form{})
	return b
}

// Errors of Set, for people.
var errNoJournal = fmt.Errorf("log journal: %s is not there: lines go to standard error", journalSocket)

// Set has lines written another way from now on. notes are for the user. An error says what cannot be opened.
func (b *Book) Set(o Options) (notes []string, err error) {
	f := &form{Options: o}
	if o.File != "" {
		out, err := voice.OpenFile(o.File, os.O_APPEND)
		if err != nil {
			return nil, err
		}
		f.file = voice.NewFor(out, func(lines int) string {
			return fmt.Sprintf("%s %s: %d lines are missing here: the file took nothing\n", stamp(time.Now()), b.name, lines)
		}, func(err error) {
			b.Say(Warning, fmt.Sprintf("%s: log: cannot write: %v\n", b.name, err))
		})
	}
	if o.Journal {
		if f.journal = openJournal(); f.journal == nil {
			notes = append(notes, errNoJournal.Error())
		}
		f.silent = f.journal != nil && isJournal(syscall.Stderr)
	}
	b.form.Store(f)
	return notes, nil
}

// Write implements io.Writer.
func (b *Book) Write(p []byte) (int, error) {
	b.write(Notice, p)
	return len(p), nil
}

// Say writes whole lines of a priority. It never waits.
func (b *Book) Say(p Priority, lines string) { b.write(p, []byte(lines)) }

// SayAt writes whole lines of the stream's, for users who want to know so much. It is part of words.Ranked.
func (b *Book) SayAt(level observe.Level, lines string) { b.Say(priorityOf(level), lines) }

func priorityOf(level observe.Level) Priority {
	switch {
	case level <= observe.LevelError:
		return Warning // a stream that fails has a line that is not of an event
	case level <= observe.LevelSummary:
		return Notice
	case level <= observe.LevelChoices:
		return Info
	}
	return Debug
}

func (b *Book) write(p Priority, lines []byte) {
	f, now := b.form.Load(), time.Now()
	if !f.silent {
		_, _ = b.out.Write(f.onStderr(b.name, p, lines, now))
	}
	if f.file != nil {
		_, _ = f.file.Write(each(lines, func(line string) string { return stamp(now) + " " + line }))
	}
	if f.journal != nil {
		for line := range strings.Lines(string(lines)) {
			a, text := split(b.name, line)
			f.journal.send(entry{p, a, text})
		}
	}
}

// onStderr is what standard error gets.
func (f *form) onStderr(name string, p Priority, lines []byte, now time.Time) []byte {
	switch {
	case f.JSON:
		return each(lines, func(line string) string { return object(name, p, line, now) })
	case f.Stamps:
		return each(lines, func(line string) string { return stamp(now) + " " + line })
	}
	return lines
}

// each makes other lines of lines.
func each(lines []byte, of func(line string) string) []byte {
	var b bytes.Buffer
	for line := range strings.Lines(string(lines)) {
		b.WriteString(of(strings.TrimSuffix(line, "\n")))
		b.WriteByte('\n')
	}
	return b.Bytes()
}

// object is a line as JSON.
func object(name string, p Priority, line string, now time.Time) string {
	a, text := split(name, line)
	b, err := json.Marshal(struct {
		Time     string `json:"time"`
		Priority string `json:"priority"`
		about
		Text string `json:"text"`
	}{stamp(now), p.String(), a, text})
	if err != nil {
		return line // strings can always be marshalled
	}
	return string(b)
}

// about is what a line says before its text, beside the program's name: "viamillipede stream 3 tx: text".
type about struct {
	Stream string `json:"stream,omitempty"` // number; "": there is one stream, or it is about all
	Side   string `json:"side,omitempty"`   // tx or rx; "": there is one end, or it is about both
}

// split takes that from a line.
func split(name, line string) (a about, text string) {
	line = strings.TrimSuffix(line, "\n")
	label, text, ok := strings.Cut(line, ": ")
	words := strings.Fields(label)
	if !ok || len(words) == 0 || words[0] != name {
		return about{}, line
	}
	words = words[1:]
	if len(words) >= 2 && words[0] == "stream" {
		a.Stream, words = words[1], words[2:]
	}
	if len(words) == 1 && (words[0] == "tx" || words[0] == "rx") {
		a.Side, words = words[0], nil
	}
	if len(words) > 0 {
		return about{}, line
	}
	return a, text
}

// stamp is a time as lines have it (RFC 3339), to the millisecond, in this host's zone.
func stamp(t time.Time) string { return t.Format("2006-01-02T15:04:05.000Z07:00") }

// Flush returns when everything is written, or after the given time.
func (b *Book) Flush(atMost time.Duration) {
	end := time.Now().Add(atMost)
	b.out.Flush(atMost)
	f := b.form.Load()
	if f.file != nil {
		f.file.Flush(time.Until(end))
	}
	f.journal.flush(time.Until(end))
}

// Voice is standard error, for what is no line.
func (b *Book) Voice() *voice.Voice { return b.out }

var _ io.Writer = (*Book)(nil)

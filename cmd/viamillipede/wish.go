package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"viamillipede/cmd/viamillipede/internal/control"
	"viamillipede/cmd/viamillipede/internal/events"
	"viamillipede/engine/observe"
	"viamillipede/engine/tune"
)

// wish is what somebody wants changed: a setting of the ends of streams that it names, of all if it names none.
type wish struct {
	number int    // of the stream; 0: any
	side   string // tx or rx; "": either
	word   string // one of the tunings
	path   string // a number from 1 or a name, of a setting of a path; "": the only one there is
	value  int64
}

// parseWish reads the words of set after the PID. The error is one line.
func parseWish(words []string) (w wish, t tuning, err error) {
	next := func(want string) (string, error) {
		if len(words) == 0 {
			return "", fmt.Errorf("expected %s, found the end of the line", want)
		}
		word := words[0]
		words = words[1:]
		return word, nil
	}
	if len(words) > 0 && words[0] == streamWord {
		words = words[1:]
		text, err := next("a stream's number")
		if err != nil {
			return w, t, err
		}
		n, ok := parseNumber(text)
		if !ok || n < 1 || n > 1<<31-1 {
			return w, t, fmt.Errorf("expected a stream's number, found %q", text)
		}
		w.number = int(n)
	}
	if len(words) > 0 && (words[0] == "tx" || words[0] == "rx") {
		w.side, words = words[0], words[1:]
	}
	all := tuningWords()
	if w.word, err = next(choice(all, nil).want); err != nil {
		return w, t, err
	}
	i := slices.Index(all, w.word)
	if i < 0 {
		return w, t, fmt.Errorf("expected %s, found %q%s", choice(all, nil).want, w.word, suggest(w.word, all))
	}
	if t = tunings()[i]; t.path && len(words) > 1 {
		w.path, words = words[0], words[1:]
	}
	a := t.value(func(v int64) { w.value = v })
	value, err := next(a.want)
	switch {
	case err != nil:
		return w, t, fmt.Errorf("%s: %w", w.word, err)
	case len(words) > 0:
		return w, t, fmt.Errorf("%s: expected the end of the line, found %q", w.word, words[0])
	case !a.set(&invocation{}, value):
		return w, t, fmt.Errorf("%s: expected %s, found %q", w.word, a.want, value)
	}
	return w, t, nil
}

// streamWord names one of many streams.
const streamWord = "stream"

// Set is part of control.Program.
func (c *controlled) Set(words []string) ([]control.Change, error) {
	w, t, err := parseWish(words)
	if err != nil {
		return nil, err
	}
	if c.kind == benchWord {
		return nil, errors.New("a bench stays as it began")
	}
	var changes []control.Change
	if t.apply == nil {
		changes, err = c.setVerbose(w, t)
	} else {
		changes, err = c.setAll(w, t)
	}
	if len(changes) > 0 {
		c.note(w, t)
		return changes, nil
	}
	return nil, fmt.Errorf("%s: %w", w.word, err)
}

// concerns reports whether a wish is about an end.
func (w *wish) concerns(s *side) bool {
	return (w.number == 0 || w.number == s.number) && (w.side == "" || w.side == s.name)
}

// setVerbose changes how much is said of some ends, and of those that will come if it is about all.
func (c *controlled) setVerbose(w wish, t tuning) (changes []control.Change, err error) {
	sides := c.sides()
	if self := c.inv.sight.self.Load(); self != nil && w.number == 0 && w.side == "" {
		sides = append([]*side{self}, sides...)
	}
	for _, s := range sides {
		if !w.concerns(s) {
			continue
		}
		was := t.text(int64(s.log.Set(observe.Level(w.value))))
		change := control.Change{Number: s.number, Word: w.word, Was: was, Is: t.text(w.value)}
		if w.side != "" || s.number > 0 {
			change.Side = s.name
		}
		if !slices.Contains(changes, change) {
			changes = append(changes, change)
		}
	}
	return changes, errNoStream
}

// errNoStream is why nothing was changed where nothing is there.
var errNoStream = errors.New("there is no such stream now")

// tuned is an end whose settings can be changed.
type tuned interface{ Tuned() tune.End }

// setAll changes a setting of the engine's, of each end that is meant and has it; the error is why one has not.
func (c *controlled) setAll(w wish, t tuning) (changes []control.Change, err error) {
	err = errNoStream
	var ends []*side
	for _, s := range c.sides() {
		if w.concerns(s) && !s.Snapshot().Ended {
			ends = append(ends, s)
		}
	}
	if err := w.ambiguous(ends, t); err != nil {
		return nil, err
	}
	for _, s := range ends {
		e, ok := s.stream.(tuned)
		if !ok {
			err = errors.New("a stream in version 1 of the wire is as it began")
			continue
		}
		change, failure := w.apply(s, e.Tuned(), t)
		if failure != nil {
			err = failure
			continue
		}
		changes = append(changes, change)
		s.log.Printf(observe.LevelChoices, "%s", changeText(change))
		s.events.Say(setWord, changeText(change))
	}
	return changes, err
}

// ambiguous is why it cannot be said which path is meant: both directions have some, and the wish says neither.
func (w *wish) ambiguous(ends []*side, t tuning) error {
	if !t.path || w.side != "" {
		return nil
	}
	have := map[string]bool{}
	for _, s := range ends {
		if e, ok := s.stream.(tuned); ok && e.Tuned().Roads != nil {
			have[s.name] = true
		}
	}
	if len(have) > 1 {
		return fmt.Errorf("rx and tx have paths: say whose it is, as in tx %s", w.word)
	}
	return nil
}

// apply changes a setting of one end.
func (w *wish) apply(s *side, e tune.End, t tuning) (control.Change, error) {
	change := control.Change{Side: s.name, Number: s.number, Word: w.word, Is: t.text(w.value)}
	path := 0
	if t.path && e.Roads != nil {
		var err error
		all := e.Roads.Settings()
		if path, err = w.find(all); err != nil {
			return change, err
		}
		change.Path = all[path].Name
	}
	was, err := t.apply(e, path, w.value)
	change.Was = t.text(was)
	return change, err
}

// find is the order of the path that a wish is about.
func (w *wish) find(all []tune.PathSettings) (order int, err error) {
	if w.path == "" {
		if len(all) > 1 {
			return 0, fmt.Errorf("expected a path: its number, from 1 to %d, or its name", len(all))
		}
		return 0, nil
	}
	if n, ok := parseNumber(w.path); ok && n >= 1 && n <= int64(len(all)) {
		return int(n - 1), nil
	}
	found := -1
	for i, p := range all {
		switch {
		case p.Name == w.path:
			return i, nil
		case !strings.HasPrefix(p.Name, w.path):
		case found >= 0:
			return 0, fmt.Errorf("several paths begin with %q", w.path)
		default:
			found = i
		}
	}
	if found < 0 {
		return 0, fmt.Errorf("no path %q: expected a number from 1 to %d, or a name", w.path, len(all))
	}
	return found, nil
}

// changeText is a change for people.
func changeText(c control.Change) string {
	text := c.Word
	if c.Path != "" {
		text += " of " + c.Path
		if c.Word == "path" {
			text = "path " + c.Path
		}
	}
	return fmt.Sprintf("%s was %s, is %s", text, c.Was, c.Is)
}

// note has the settings show what was changed, if that was for all that the command line is about.
func (c *controlled) note(w wish, t tuning) {
	if t.path || w.number > 0 || w.side != "" && c.inv.rx.said() && c.inv.tx.said() {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.noted = withSetting(c.noted, events.Setting{Word: w.word, Args: []string{t.text(w.value)}, Given: true})
}

// settings are those of the command line, with what was changed since.
func (c *controlled) settings() []events.Setting {
	all := settingsOf(c.inv.given, c.table())
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.noted {
		all = withSetting(all, s)
	}
	return all
}

// withSetting is a list in which a setting has taken the place of that with the same word.
func withSetting(all []events.Setting, s events.Setting) []events.Setting {
	if i := slices.IndexFunc(all, func(old events.Setting) bool { return old.Word == s.Word }); i >= 0 {
		all[i] = s
		return all
	}
	return append(all, s)
}

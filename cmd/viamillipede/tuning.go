package main

import (
	"errors"
	"slices"
	"strconv"
	"time"

	"viamillipede/cmd/viamillipede/internal/control"
	"viamillipede/engine"
	"viamillipede/engine/observe"
	"viamillipede/engine/schedule"
	"viamillipede/engine/tune"
)

// tuning is a setting that can be changed while the program runs.
type tuning struct {
	word  string
	path  bool // it is one of a path
	value func(set func(int64)) argument
	apply func(e tune.End, path int, value int64) (was int64, err error) // to an end; nil: it is not the engine's
	text  func(value int64) string
}

// tunings are all of them.
func tunings() []tuning {
	limit := func(set func(int64)) argument {
		return orWord("off", size(leastRate, mostRate, 1, func(_ *invocation, n int64) { set(n) }), func() { set(0) })
	}
	return []tuning{
		{
			word: "giveup", text: func(v int64) string { return plainTime(max(0, time.Duration(v))) },
			value: func(set func(int64)) argument {
				return seconds("for ever", func(_ *invocation, d time.Duration) { set(int64(orForever(d))) })
			},
			apply: func(e tune.End, _ int, v int64) (int64, error) { return int64(e.SetGiveup(time.Duration(v))), nil },
		},
		{word: "limit", value: limit, text: limitText, apply: func(e tune.End, _ int, v int64) (int64, error) {
			if e.Source == nil {
				return 0, errors.New("is for tx, which reads the source")
			}
			return int64(e.Source.SetLimit(uint64(v))), nil
		}},
		{
			word: "threads", text: linksText,
			value: func(set func(int64)) argument {
				return number("N", 1, engine.MaxThreads, func(_ *invocation, n int64) { set(n) })
			},
			apply: dialled(func(r tune.Roads, _ int, v int64) (int64, error) {
				was, err := r.SetLinks(int(v))
				return int64(was), err
			}),
		},
		{
			word: "verbose", text: func(v int64) string { return strconv.FormatInt(v, 10) },
			value: func(set func(int64)) argument {
				return number("N", 0, int64(observe.LevelCalls), func(_ *invocation, n int64) { set(n) })
			},
		},
		{word: "rate", path: true, value: limit, text: limitText, apply: dialled(func(r tune.Roads, path int, v int64) (int64, error) {
			was, err := r.SetRate(path, uint64(v))
			return int64(was), err
		})},
		{
			word: "spill", path: true, text: spillText,
			value: func(set func(int64)) argument {
				return spill(func(_ *invocation, d time.Duration) { set(int64(d)) })
			},
			apply: dialled(func(r tune.Roads, path int, v int64) (int64, error) {
				was, err := r.SetSpill(path, time.Duration(v))
				return int64(was), err
			}),
		},
		{
			word: "path", path: true, text: func(v int64) string { return switchChoices[v] },
			value: func(set func(int64)) argument {
				return choice(switchChoices, func(_ *invocation, w string) { set(int64(slices.Index(switchChoices, w))) })
			},
			apply: dialled(func(r tune.Roads, path int, v int64) (int64, error) {
				was, err := r.SetOn(path, switchChoices[v] == "on")
				if was {
					return int64(slices.Index(switchChoices, "on")), err
				}
				return int64(slices.Index(switchChoices, "off")), err
			}),
		},
	}
}

// dialled is how a setting of paths and links is applied, which only an end that dials has.
func dialled(apply func(r tune.Roads, path int, value int64) (int64, error)) func(tune.End, int, int64) (int64, error) {
	return func(e tune.End, path int, value int64) (int64, error) {
		if e.Roads == nil {
			return 0, errors.New("this end listens: paths and links are those of the other one")
		}
		return apply(e.Roads, path, value)
	}
}

// orWord is an argument in place of which a word may stand.
func orWord(word string, a argument, set func()) argument {
	other := a.set
	a.want, a.choices = a.want+", or "+word, append(a.choices, word)
	a.set = func(inv *invocation, given string) bool {
		if given == word {
			set()
			return true
		}
		return other(inv, given)
	}
	return a
}

// plainTime is a time in seconds, as on the command line.
func plainTime(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) }

func limitText(v int64) string {
	if v == 0 {
		return "off"
	}
	return sizeText(v)
}

func linksText(v int64) string {
	if v == 0 {
		return "auto"
	}
	return strconv.FormatInt(v, 10)
}

func spillText(v int64) string {
	switch d := time.Duration(v); {
	case d < 0:
		return "never"
	case d <= schedule.SpillAtOnce:
		return "0"
	default:
		return strconv.FormatInt(d.Milliseconds(), 10)
	}
}

// tunableOf is what can be changed of an end, as it is now, for programs.
func tunableOf(e tune.End) *control.Tunable {
	t := &control.Tunable{Giveup: max(0, e.Giveup().Seconds())}
	if e.Source != nil {
		t.Limit = e.Source.Limit()
	}
	if e.Roads == nil {
		return t
	}
	t.Threads, t.ThreadsMost = e.Roads.Wanted(), e.Roads.Links()
	for _, p := range e.Roads.Settings() {
		ms := p.Spill.Seconds() * 1000
		switch {
		case p.Spill < 0:
			ms = -1
		case p.Spill <= schedule.SpillAtOnce:
			ms = 0
		}
		t.Spill = append(t.Spill, ms)
	}
	return t
}

// tuningWords are the settings' names.
func tuningWords() (all []string) {
	for _, t := range tunings() {
		all = append(all, t.word)
	}
	return all
}

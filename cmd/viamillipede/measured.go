package main

import (
	"cmp"
	"io"
	"os"

	"viamillipede/bench/lanes"
	"viamillipede/bench/run"
	"viamillipede/cmd/viamillipede/internal/events"
	"viamillipede/engine"
)

// openMeasured opens the events of a measurement and tells that it begins; nil: nobody wants them. The error is an *engine.Error.
func (inv *invocation) openMeasured(table []keyword) (*events.Teller, error) {
	s := &sight{telling: inv.telling}
	var err error
	if s.out, err = openEvents(s.events); err != nil || s.out == nil {
		return nil, err
	}
	s.teller = events.NewTeller(s.hear)
	s.begin(settingsOf(inv.given, table))
	return s.teller, nil
}

// tellOfBench makes who hears of the streams of a bench; nil: nobody wants to.
func (inv *invocation) tellOfBench() (func(run.Round) run.Witness, error) {
	teller, err := inv.openMeasured(benchTable(inv.bench.kind))
	if teller == nil {
		return nil, err
	}
	return func(of run.Round) run.Witness {
		return teller.Measured(of, cmp.Or(inv.bench.Interval, run.LookAt), ending)
	}, nil
}

// ending is with what status an error ends a stream, and what that means.
func ending(err error) (status int, meaning string) {
	s := engine.ExitStatus(err)
	return int(s), gistOf(s)
}

// laneTeller tells of a measurement of lanes: users, and programs if there are any that want to know.
type laneTeller struct {
	*events.Teller
	side string
}

func (inv *invocation) tellOfLanes() (laneTeller, error) {
	t, err := inv.openMeasured(lanesGrammar())
	if inv.rx.said() {
		return laneTeller{t, "rx"}, err
	}
	return laneTeller{t, "tx"}, err
}

func (t laneTeller) line(text string) {
	say(ownPrefix, text)
	t.Say(t.side, lanesWord, text)
}

func (t laneTeller) look(p lanes.Progress) { t.Flows(p) }

// end tells how it ended; the report is nil if there is none.
func (t laneTeller) end(r *lanes.Report, err error) {
	status, meaning := ending(err)
	t.Lanes(r, status, meaning, err)
}

// reportOut is where lines for people go that are results: standard output, unless events do.
func (inv *invocation) reportOut() io.Writer {
	if inv.telling.events == "-" {
		return stderr
	}
	return os.Stdout
}

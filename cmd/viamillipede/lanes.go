package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"time"

	"viamillipede/bench/lanes"
	"viamillipede/bench/result"
	"viamillipede/cmd/viamillipede/internal/events"
	"viamillipede/cmd/viamillipede/internal/words"
	"viamillipede/engine"
)

// lanesWord begins a command line that measures lanes; it has keywords of its own.
const lanesWord = "lanes"

// Defaults of lanes.
const (
	defaultFlows = 64
	defaultLoad  = 5 * time.Second
)

// survey is what a command line that begins with lanes asks for, beside the path, the port and bind.
type survey struct {
	flows     int
	load      time.Duration
	connect   time.Duration
	svg, json string // files; "" is none
}

// lanesGrammar are the keywords of lanes.
func lanesGrammar() []keyword {
	return []keyword{
		{
			name: "rx", initial: fmt.Sprint(engine.DefaultPort),
			args: []argument{optionalPort(func(inv *invocation, p uint16) { inv.rx.port = p })},
			set:  func(inv *invocation) { inv.listen(&inv.rx, "rx", cmp.Or(inv.rx.port, engine.DefaultPort)) },
			gist: "serve one measurement on PORT and exit",
		},
		{
			name: "tx", initial: fmt.Sprint(engine.DefaultPort),
			args: hostAndPort(func(inv *invocation, h string) { inv.dial(&inv.tx, "tx", h) }),
			gist: "measure the lanes to HOST, and print the report",
		},
		{
			name: "flows", initial: fmt.Sprint(defaultFlows),
			args: []argument{number("N", 1, lanes.FlowsMost, func(inv *invocation, n int64) { inv.survey.flows = int(n) })},
			gist: "at tx: TCP connections; a list of sports has its own number",
		},
		{
			name: "seconds", initial: secondsText(defaultLoad),
			args: []argument{seconds("", func(inv *invocation, d time.Duration) { inv.survey.load = d })},
			gist: "at tx: how long all flows send at once",
		},
		{
			name: "connect", initial: secondsText(engine.DefaultConnect),
			args: []argument{seconds("for one attempt", func(inv *invocation, d time.Duration) { inv.survey.connect = d })},
			gist: "at tx: fail when first contact takes longer",
		},
		{
			name: "via", ofPath: true,
			args: []argument{source(func(inv *invocation, v engine.Via) { inv.lastPath().Via = v })},
			gist: "after tx: the device or local address that flows leave by",
		},
		{
			name: "sports", ofPath: true, args: []argument{sports()},
			gist: "after tx: the flows' source ports; balanced fills all lanes",
		},
		{
			name: "bind",
			args: []argument{address(func(inv *invocation, a netip.Addr) { inv.options.Bind = a })},
			gist: "the local address that rx listens on or tx sends from",
		},
		{
			name: "svg", args: []argument{outputFile(func(inv *invocation, name string) { inv.survey.svg = name })},
			gist: "at tx: a picture of which flow took which lane and queue",
		},
		{
			name: "json", args: []argument{outputFile(func(inv *invocation, name string) { inv.survey.json = name })},
			gist: "at tx: the report for programs",
		},
		{
			name: "events", args: []argument{eventsFile()},
			gist: "write to FILE what happens, one JSON object a line",
		},
	}
}

// lanesHelp is what "help lanes" says of its keywords.
func lanesHelp() string {
	text := "\nIts own keywords:\n\n"
	for _, k := range lanesGrammar() {
		text += fmt.Sprintf("  %-21s %s%s\n", k.usage(), k.gist, k.remark())
	}
	return text
}

// outputFile is a file's name; the file is opened at the start and filled at the end.
func outputFile(set func(*invocation, string)) argument {
	a := folder(set)
	a.name, a.want = "FILE", "a file"
	return a
}

// parseLanes reads the words after lanes. Its errors are those of parse.
func parseLanes(words []string) (*invocation, error) {
	p := &parser{
		rest: words, table: lanesGrammar(), seen: map[string]bool{}, inv: defaults(), lists: "viamillipede help lanes",
	}
	p.inv.survey = survey{flows: defaultFlows, load: defaultLoad, connect: engine.DefaultConnect}
	for len(p.rest) > 0 {
		if _, err := p.keyword(); err != nil {
			return nil, inLanes(err)
		}
	}
	if p.inv.rx.said() == p.inv.tx.said() {
		return nil, usageError("lanes: expected either rx or tx")
	}
	fillPorts(p.inv.tx.paths)
	if err := checkZones("tx", p.inv.tx.paths, p.inv.options.Bind); err != nil {
		return nil, inLanes(err)
	}
	if n := len(p.inv.tx.paths); n > 0 && len(p.inv.lastPath().Sports.List) > lanes.FlowsMost {
		return nil, usageError("lanes: sports: expected at most %d ports", lanes.FlowsMost)
	}
	if s := p.inv.survey; s.json != "" && s.json == s.svg {
		return nil, usageError("lanes: json: expected a file other than that of svg, found %q", s.json)
	}
	p.inv.given = append([]events.Setting{{Word: lanesWord, Args: []string{}, Given: true}}, p.given...)
	return p.inv, nil
}

// inLanes says which command an error is about.
func inLanes(err error) error { return usageError("lanes: %v", err) }

// runLanes carries out a command line that begins with lanes, without that word.
func runLanes(words []string) engine.Status {
	inv, err := parseLanes(words)
	if err != nil {
		return failed(ownPrefix, err)
	}
	if err := inv.provide(1); err != nil {
		return failed(ownPrefix, err)
	}
	tell, err := inv.tellOfLanes()
	if err != nil {
		return failed(ownPrefix, err)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	defer watchSignals(nobody, stopping(cancel), func() {})()
	if inv.rx.said() {
		err = lanes.Receive(ctx, lanes.ReceiveConfig{Bind: inv.options.Bind, Port: inv.rx.port, Log: tell.line})
		return failedLanes(ctx, err)
	}
	svg, json, err := inv.survey.outputs()
	if err != nil {
		return failed(ownPrefix, err)
	}
	defer svg.Discard()
	defer json.Discard()
	c := inv.transmission()
	c.Log, c.Look = tell.line, tell.look
	report, err := lanes.Transmit(ctx, c)
	tell.end(report, lanesError(ctx, err))
	if err != nil {
		return failedLanes(ctx, err)
	}
	if err := write(inv.reportOut(), report, svg, json); err != nil {
		return failed(ownPrefix, err)
	}
	return engine.StatusDone
}

func (inv *invocation) transmission() lanes.TransmitConfig {
	p := *inv.lastPath()
	c := lanes.TransmitConfig{
		Host: p.Host, Port: p.Port, Device: p.Via.Device, Bind: inv.options.Bind, Flows: inv.survey.flows,
		Load: inv.survey.load, Connect: inv.survey.connect, Sports: p.Sports.List, Balanced: p.Sports.Balanced,
		Words: lanes.Words{Lanes: words.Lanes, Basis: words.LaneBasis},
	}
	if p.Via.Addr.IsValid() {
		c.Bind = p.Via.Addr
	}
	if c.Sports != nil {
		c.Flows = len(c.Sports)
	}
	return c
}

// failedLanes is failed with the status that goes with what happened; nil is done.
func failedLanes(ctx context.Context, err error) engine.Status {
	if err = lanesError(ctx, err); err != nil {
		return failed(ownPrefix, err)
	}
	return engine.StatusDone
}

// lanesError is the *engine.Error of what happened; nil stays nil.
func lanesError(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	err = causeOf(ctx, err)
	if _, ours := errors.AsType[*engine.Error](err); !ours {
		status := engine.StatusConnect
		if errors.Is(err, lanes.ErrRefused) {
			status = engine.StatusRefused
		}
		err = &engine.Error{Status: status, Reason: "lanes", Err: err}
	}
	return err
}

// outputs opens the files for the report. The error is an *engine.Error.
func (s survey) outputs() (svg, json *result.Output, err error) {
	if svg, err = result.Create(s.svg); err == nil {
		if json, err = result.Create(s.json); err == nil {
			return svg, json, nil
		}
		svg.Discard()
	}
	return nil, nil, &engine.Error{Status: engine.StatusUsage, Reason: "the report cannot be written", Err: err}
}

// write writes the report wherever it is wanted.
func write(w io.Writer, r *lanes.Report, svg, json *result.Output) error {
	if err := r.WriteText(w); err != nil {
		return localPipe("standard output", err)
	}
	err := errors.Join(svg.Write(r.WriteSVG), json.Write(r.WriteJSON))
	if err != nil {
		return &engine.Error{Status: engine.StatusLocalPipe, Reason: "cannot write", Err: err}
	}
	return nil
}

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"viamillipede/cmd/viamillipede/internal/child"
	"viamillipede/cmd/viamillipede/internal/far"
	"viamillipede/engine"
	"viamillipede/engine/observe"
	"viamillipede/engine/seal"
	"viamillipede/engine/wire"
	"viamillipede/netio/dial"
)

// companion is the other end, over ssh.
type companion interface {
	Met()                   // a link is up
	Parted()                // the last one has ended, before anything of the stream had come
	Watch(lost func(error)) // lost is called if ssh ends before that
	Explain(error) error    // why the stream has failed
	End()                   // this end has ended
}

// run is Run, and knows why the other end has failed, which may have told it over ssh alone.
func (s *side) run(ctx context.Context) (observe.Summary, error) {
	summary, err := s.Run(ctx)
	if err != nil && ctx.Err() == nil && s.far != nil {
		err = s.far.Explain(err)
	}
	return summary, err
}

// lingerMost is how long an end may take to stop that has lost the other one before they met: it may have a program to end, or be stuck in
// a file that it opens.
const lingerMost = child.Grace + 2*time.Second

// startFar has the other end started, if that is asked for, and this end know where they meet. What it returns is called at the end.
func (inv *invocation) startFar(cancel context.CancelCauseFunc) (end func(), err error) {
	if inv.far.starts > 0 {
		if err := inv.callFar(); err != nil {
			return nil, err
		}
	}
	c := inv.far.companion
	if c == nil {
		return func() {}, nil
	}
	inv.herald.far = c
	c.Watch(func(err error) {
		cancel(err)
		time.AfterFunc(lingerMost, func() { exit(int(failed(ownPrefix, err))) })
	})
	return c.End, nil
}

// callFar starts the other end, and agrees with it on where the two meet.
func (inv *invocation) callFar() error {
	f := &inv.far
	if _, err := os.Stat(inv.filing.source); inv.filing.source != "" && err != nil { // before ssh asks for a password
		return localPipe("cannot read "+inv.filing.source, errors.Unwrap(err))
	}
	if err := hideMemory(); err != nil {
		return err
	}
	host, err := far.Call(far.Config{Destination: f.to, Name: f.name, Version: version, Copy: f.copy, Say: inv.sayFar})
	if err != nil {
		return err
	}
	theirs := f.ports
	if f.port != 0 {
		theirs = far.Ports{First: f.port, Last: f.port}
	}
	m, err := host.Meet(inv.ways(), theirs, far.Place{Bind: inv.options.Bind, Ports: f.ports})
	if err == nil {
		err = inv.meet(m)
	}
	if err != nil {
		host.End()
		return err
	}
	inv.options.Key = seal.NewKey()
	inv.sayKey()
	host.Begin(inv.options.Key, inv.farLine(m.Where()...))
	f.companion = host
	return nil
}

// sayFar says what the other end has said, or ssh.
func (inv *invocation) sayFar(line string) {
	if line = strings.TrimSpace(wire.Printable(strings.TrimPrefix(line, ownPrefix))); line != "" {
		say("viamillipede "+inv.far.name+": ", line)
	}
}

// ways are the paths, as the other end may be reached on them.
func (inv *invocation) ways() []far.Way {
	var ways []far.Way
	for _, p := range inv.paths() {
		from := dial.Dialer{Device: p.Via.Device, Bind: p.Via.Addr}
		if from.Device == "" && !from.Bind.IsValid() {
			from.Bind = inv.options.Bind
		}
		ways = append(ways, far.Way{Host: p.Host, From: from})
	}
	return ways
}

// meet has this end dial the port where the other one listens, or listen where that dials.
func (inv *invocation) meet(m far.Meeting) (err error) {
	if m.Listener == nil {
		for i := range inv.paths() {
			inv.paths()[i].Port = m.Port
		}
		return nil
	}
	d, lost := &inv.tx, ""
	if inv.rx.said() {
		d = &inv.rx
	}
	for _, p := range d.paths {
		if p.Rate != 0 || p.Spill != 0 || p.Via != (engine.Via{}) || p.Sports.Balanced || p.Sports.List != nil {
			lost = ", without what was said of paths"
		}
	}
	*d = direction{listens: 1, given: true}
	if inv.options.Inherited, err = dial.Adopt(m.Listener); err != nil {
		return &engine.Error{Status: engine.StatusConnect, Reason: "cannot listen", Err: err}
	}
	d.port = inv.options.Inherited.Port()
	if inv.options.Connect == 0 {
		inv.options.Connect = engine.DefaultConnect
	}
	say(ownPrefix, fmt.Sprintf("%s cannot be reached (%v): it dials this end, on port %d%s", inv.far.name, m.Why, d.port, lost))
	return nil
}

// choosePort has an end listen on one of a range of ports, if one is asked for and the end is to choose.
func (inv *invocation) choosePort() error {
	p := inv.far.ports
	if p == (far.Ports{}) || inv.far.starts > 0 {
		return nil
	}
	l, err := far.Listen(inv.options.Bind, p)
	if err == nil {
		inv.options.Inherited, err = dial.Adopt(l)
	}
	if err != nil {
		return &engine.Error{Status: engine.StatusConnect, Reason: fmt.Sprintf("cannot listen on any of the ports %d-%d", p.First, p.Last), Err: err}
	}
	return nil
}

// runFar is the other end: it learns over ssh what to do. words follow far.Verb.
func runFar(words []string) engine.Status {
	ignoreBrokenPipes()
	if err := hideMemory(); err != nil {
		return failed(ownPrefix, err)
	}
	copied := len(words) == 1 && words[0] == far.Copied
	if len(words) > 0 && !copied {
		return failed(ownPrefix, usageError("%s: this command is started through ssh, by the keyword of that name", far.Verb))
	}
	order, err := far.Answer(os.Stdin, os.Stdout, far.Self{Version: version, Copied: copied, Caller: far.Caller()})
	if errors.Is(err, far.ErrGone) {
		return engine.StatusConnect // which nobody hears
	}
	if err != nil {
		return failed(ownPrefix, &engine.Error{Status: engine.StatusConnect, Reason: err.Error()})
	}
	inv, err := parse(order.Words)
	if err != nil {
		return failed(ownPrefix, err)
	}
	if inv.question != "" || inv.bench != nil || inv.far.starts > 0 {
		return failed(ownPrefix, usageError("%s: expected rx or tx, found %s", far.Verb, strconv.Quote(order.Words[0])))
	}
	inv.options.Key, inv.options.Inherited, inv.far.companion = order.Key, order.Inherited, order
	inv.exec.said = func() (uintptr, error) { return order.Voice(os.Stderr) }
	return inv.run()
}

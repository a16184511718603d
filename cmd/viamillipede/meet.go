package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
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
	Await(side string)                 // its stream begins, and has no link yet
	Met(side string)                   // a link is up
	Parted(side string)                // the last one has ended, before anything of the stream had come
	Watch(lost func(error))            // lost is called if ssh ends before that
	Ended() <-chan struct{}            // closed when ssh has ended
	Explain(err error, met bool) error // why a stream has failed, which had a link or not
	End()                              // this end has ended
}

// run is Run, and knows why the other end has failed, which may have told it over ssh alone.
func (s *side) run(ctx context.Context) (observe.Summary, error) {
	summary, err := s.Run(ctx)
	if err != nil && !stopped(ctx, err) && s.far != nil {
		err = s.far.Explain(err, s.met.Load())
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
	if inv.keep > 0 {
		return c.End, nil // it may be long until the first peer comes
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
	var ours *far.Place
	if inv.keep == 0 { // else this end dials, for each connection
		ours = &far.Place{Bind: inv.options.Bind, Ports: f.ports}
	}
	m, err := host.Meet(inv.ways(), theirs, ours)
	if err == nil {
		err = inv.meet(m)
	}
	if err == nil && inv.connection.word == terminateWord && inv.keep == 0 {
		err = inv.awaitBeside(host)
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

// awaitBeside takes the connection of terminate before the far end begins, which would not wait for it for long. If ssh ends meanwhile, so
// does that.
func (inv *invocation) awaitBeside(host *far.Host) (err error) {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	go func() {
		select {
		case <-host.Ended():
			cancel(host.Gone())
		case <-ctx.Done():
		}
	}()
	inv.connection.taken, err = inv.connection.await(ctx)
	return err
}

// sayFar says what the other end has said, or ssh.
func (inv *invocation) sayFar(line string) {
	from, text := fromWhom(line)
	if text = strings.TrimSpace(wire.Printable(text)); text != "" {
		say("viamillipede "+inv.far.name+from+": ", text)
	}
}

// fromWhom divides a line of this program: of which stream and which of two ends it is (" stream 2 rx"), and what it says. Of any other
// line, all is what it says.
func fromWhom(line string) (from, text string) {
	rest, own := strings.CutPrefix(line, "viamillipede")
	from, text, ended := strings.Cut(rest, ": ")
	for word := range strings.FieldsSeq(from) {
		own = own && (word == streamWord || word == "rx" || word == "tx" || looksLikeNumber(word))
	}
	if !own || !ended || strings.TrimLeft(from, " ") == from && from != "" {
		return "", line
	}
	return from, text
}

// ways are the paths of each direction, as the other end may be reached on them.
func (inv *invocation) ways() (all [][]far.Way) {
	for _, d := range inv.directions() {
		var ways []far.Way
		for _, p := range d.paths {
			from := dial.Dialer{Device: p.Via.Device, Bind: p.Via.Addr}
			if from.Device == "" && !from.Bind.IsValid() {
				from.Bind = inv.options.Bind
			}
			ways = append(ways, far.Way{Host: p.Host, From: from})
		}
		all = append(all, ways)
	}
	return all
}

// meet has this end dial the port where the other one listens, or listen where that dials.
func (inv *invocation) meet(m far.Meeting) (err error) {
	if m.Listener == nil {
		for _, d := range inv.directions() {
			for i := range d.paths {
				d.paths[i].Port = m.Port
			}
		}
		return nil
	}
	lost := ""
	for _, p := range inv.paths() {
		if p.Rate != 0 || p.Spill != 0 || p.Via != (engine.Via{}) || p.Sports.Balanced || p.Sports.List != nil {
			lost = ", without what was said of paths"
		}
	}
	if inv.options.Inherited, err = dial.Adopt(m.Listener); err != nil {
		return &engine.Error{Status: engine.StatusConnect, Reason: "cannot listen", Err: err}
	}
	port := inv.options.Inherited.Port()
	for _, d := range inv.directions() {
		*d = direction{listens: 1, given: true, port: port}
	}
	if inv.options.Connect == 0 {
		inv.options.Connect = engine.DefaultConnect
	}
	say(ownPrefix, fmt.Sprintf("%s cannot be reached (%v): it dials this end, on port %d%s", inv.far.name, m.Why, port, lost))
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
	inv, err := parseFar(order.Words)
	if err != nil {
		return failed(ownPrefix, err)
	}
	inv.options.Key, inv.options.Inherited, inv.far.companion = order.Key, order.Inherited, order
	inv.exec.said = sync.OnceValues(func() (uintptr, error) { return order.Voice(os.Stderr) })
	return inv.run()
}

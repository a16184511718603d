package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"viamillipede/cmd/viamillipede/internal/doctor"
	"viamillipede/cmd/viamillipede/internal/events"
	"viamillipede/cmd/viamillipede/internal/far"
	"viamillipede/cmd/viamillipede/internal/means"
	"viamillipede/cmd/viamillipede/internal/meter"
	"viamillipede/cmd/viamillipede/internal/notify"
	"viamillipede/cmd/viamillipede/internal/part"
	"viamillipede/cmd/viamillipede/internal/words"
	"viamillipede/engine"
	"viamillipede/engine/observe"
)

// program carries out one command line, without the program's name, and returns the exit status.
func program(line []string) (status engine.Status) {
	defer func() {
		if p := recover(); p != nil {
			status = faulted(p)
		}
	}()
	if len(line) == 0 {
		say(ownPrefix, shortUsage())
		return engine.StatusUsage
	}
	if topic, asked := helpAsked(line); asked {
		return (&invocation{question: "help", topic: topic}).answer(os.Stdout)
	}
	if line[0] == lanesWord {
		return runLanes(line[1:])
	}
	if line[0] == far.Verb {
		return runFar(line[1:])
	}
	if isRemote(line) {
		return runRemote(line)
	}
	inv, err := parse(line)
	if err != nil {
		return failed(ownPrefix, err)
	}
	if inv.question != "" {
		return inv.answer(os.Stdout)
	}
	if inv.bench != nil {
		return inv.runBench()
	}
	return inv.run()
}

// faulted reports a fault in the program, and returns the exit status that goes with it.
func faulted(p any) engine.Status {
	say(ownPrefix, fmt.Sprintf("a fault in the program, which should be reported: %v\n%s", p, debug.Stack()))
	return engine.StatusInternal
}

// answer writes what a question asks for.
func (inv *invocation) answer(w io.Writer) engine.Status {
	var err error
	switch inv.question {
	case "doctor":
		var r doctor.Report
		if r, err = inv.examine(); err != nil {
			return failed(ownPrefix, err)
		}
		err = inv.writeReport(w, r)
	case "diff":
		return inv.diff.report(w)
	case "version":
		err = writeVersion(w)
	case "completion":
		err = writeCompletion(w, inv.topic)
	case "keygen":
		if err = inv.makeKey(w); err != nil {
			return failed(ownPrefix, err)
		}
	default:
		err = writeHelp(w, inv.topic)
	}
	if err != nil {
		return failed(ownPrefix, localPipe("standard output", err))
	}
	return engine.StatusDone
}

// run moves the stream, or both of them, from beginning to end, and tells of it.
func (inv *invocation) run() engine.Status {
	ignoreBrokenPipes() // before anything is said
	var err error
	if inv.sight, err = inv.openSight(); err != nil {
		return failed(ownPrefix, err)
	}
	defer inv.sight.close()
	if err := inv.openControl(); err != nil {
		return failed(ownPrefix, err)
	}
	return inv.move()
}

// move moves the stream, or both of them, or serves many.
func (inv *invocation) move() (status engine.Status) {
	if err := inv.readKey(); err != nil {
		return failed(ownPrefix, err)
	}
	herald, err := inv.openHerald()
	if err != nil {
		return failed(ownPrefix, err)
	}
	defer herald.close()
	inv.herald = herald
	if err := inv.provide(inv.ends()); err != nil {
		return failed(ownPrefix, err)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	end, err := inv.startFar(cancel)
	if err != nil {
		return failed(ownPrefix, err)
	}
	defer end()
	profile, err := startProfile(inv.profile, inv.profileDir)
	if err != nil {
		return failed(ownPrefix, err)
	}
	defer profile.Stop()
	if len(inv.rx.paths) > 0 && len(inv.tx.paths) > 0 {
		_, _ = rand.Read(inv.options.Pair[:]) // never fails
	}
	switch {
	case inv.keep > 0 && inv.connection.word == terminateWord:
		return inv.takeMany(ctx, cancel, profile)
	case inv.keep > 0:
		return inv.stay(ctx, cancel, profile)
	}
	if err := inv.openEnds(); err != nil {
		return failed(ownPrefix, err)
	}
	told, err := openAccount(inv.account)
	if err != nil {
		return failed(ownPrefix, err)
	}
	defer told.out.Discard()
	sides, err := inv.sides()
	if err != nil {
		return failed(ownPrefix, err)
	}
	herald.cancel = cancel
	defer context.AfterFunc(ctx, func() { herald.manager.Tell(notify.Stopping) })()
	all := func() []*side { return sides }
	defer herald.live(all)()
	inv.sight.sides.Store(&all)
	defer inv.sight.watch(sides)()
	atOnce := func() {
		var all sync.WaitGroup
		all.Go(profile.Stop) // beside the rest, which its folder may not hold up
		all.Go(herald.close)
		for _, s := range sides {
			all.Go(s.cut)
		}
		all.Wait()
	}
	defer watchSignals(all, stopping(profile.told(cancel)), atOnce)()
	defer func() { inv.closeEnds(status) }() // while signals are still heeded, as below
	if err := inv.exec.start(inv.options.Title); err != nil {
		inv.giveUp(sides)
		return failed(ownPrefix, err)
	}
	defer profile.Stop() // while signals are still heeded, so that none ends the program before the file is complete
	status = told.write(carry(ctx, cancel, sides, told, inv.sight))
	herald.manager.Tell(notify.Stopping, "STATUS="+gistOf(status))
	return status
}

// openEnds makes what is in place of standard input and output, for one stream or two.
func (inv *invocation) openEnds() error {
	if err := inv.exec.open(); err != nil {
		return err
	}
	return inv.connection.open(inv.options.Connect)
}

// closeEnds ends it, once the streams have ended, with that status.
func (inv *invocation) closeEnds(status engine.Status) {
	inv.exec.end()
	inv.connection.close(status)
}

// provide makes so many ends get by with what this machine grants.
func (inv *invocation) provide(ends int) error {
	m, notes, err := means.Provide("/", ends, inv.exec.threads())
	if err != nil {
		return err
	}
	inv.options.Means = m
	if observe.Level(inv.verbose) >= observe.LevelSummary {
		for _, line := range notes {
			say(ownPrefix, line)
		}
	}
	return nil
}

// ends counts the ends of streams that are in this process.
func (inv *invocation) ends() int {
	n := 0
	if inv.rx.said() {
		n++
	}
	if inv.tx.said() {
		n++
	}
	return n * max(1, inv.keep)
}

// stream is one end of a stream as the engine makes it. Snapshot may be called at any time.
type stream interface {
	Run(ctx context.Context) (observe.Summary, error)
	Snapshot() observe.Snapshot
}

// side is one end of a stream in this process: tx, rx or, in a loop and in full duplex, one of each.
type side struct {
	stream
	name   string // "tx" or "rx"
	prefix string // of its lines on standard error
	log    *words.Log
	number int         // of its stream, where there are many; 0: there is one
	far    companion   // the other end over ssh; nil: there is no ssh
	met    atomic.Bool // it has had a link, where that counts: far is not nil
	events *events.Side
	heard  meter.Heard
	asked  asked
	begun  time.Time
	source *os.File   // that it sends; nil: standard input
	part   *part.File // that it receives into; nil: none
	naming *naming    // that gives it its name; nil: it has it
	null   *os.File   // that it receives into, where the stream is only checked; nil: it is not
	crowd  func() int // how many streams there are, of the side that is none; nil: it is one
	kept   string     // the name of a part that is left; "": none is
	lost   error      // why one is not there that should be; nil: it is
}

// cutMost is how long a program that is to end at once may take to leave no gap in a file.
const cutMost = time.Second

// cut makes the file of a receiving side end with what was delivered.
func (s *side) cut() {
	if r, ok := s.stream.(*engine.Receiver); ok {
		r.Cut(cutMost)
	}
}

// sides makes what the command line asks for, without starting it.
func (inv *invocation) sides() ([]*side, error) {
	var sides []*side
	for _, open := range []func(*side) (*side, error){inv.receiver, inv.sender} {
		var before *side
		if len(sides) > 0 {
			before = sides[0]
		}
		s, err := open(before)
		if err != nil {
			inv.giveUp(sides)
			return nil, err
		}
		if s != nil {
			sides = append(sides, s)
		}
	}
	return sides, nil
}

// giveUp releases what sides have that will not carry anything: all of it, where the program goes on.
func (inv *invocation) giveUp(sides []*side) {
	ended, end := context.WithCancel(context.Background())
	end()
	for _, s := range sides {
		if inv.number > 0 {
			_, _ = s.Run(ended)
		}
		s.leave()
	}
}

// receiver makes the receiving side, nil when none is asked for.
func (inv *invocation) receiver(*side) (*side, error) {
	if !inv.rx.said() {
		return nil, nil
	}
	s := inv.side("rx")
	c := engine.ReceiveConfig{Options: inv.options, Paths: inv.rx.paths, Port: inv.rx.port, Observer: inv.attend(s)}
	var err error
	if c.Chain, err = inv.chainOf(inv.chains.rx, s, false, &c.Means); err != nil {
		return nil, err
	}
	if s.part, err = inv.openSink(s, &c); err != nil {
		return nil, err
	}
	open := engine.NewReceiver
	if inv.room != nil {
		open = func(c engine.ReceiveConfig) (*engine.Receiver, error) { return engine.NewReceiverIn(inv.room, c) }
	}
	r, err := open(c)
	if err != nil {
		s.leave()
		return nil, err
	}
	s.stream = r
	return s, nil
}

// sender makes the sending side, nil when none is asked for. It may share the port of the receiving one, if there is one.
func (inv *invocation) sender(rx *side) (*side, error) {
	if !inv.tx.said() {
		return nil, nil
	}
	s := inv.side("tx")
	c := engine.SendConfig{Options: inv.options, Paths: inv.tx.paths, Port: inv.tx.port, Observer: inv.attend(s)}
	if inv.hasConsole() {
		c.Screen = &theConsole
	}
	var err error
	if c.Chain, err = inv.chainOf(inv.chains.tx, s, true, &c.Means); err != nil {
		return nil, err
	}
	if s.source, err = inv.openSource(&c); err != nil {
		return nil, err
	}
	if inv.speaksFirst() {
		return openFirst(c, s)
	}
	open := engine.NewSender
	switch {
	case inv.room != nil:
		open = func(c engine.SendConfig) (*engine.Sender, error) { return engine.NewSenderIn(inv.room, c) }
	case inv.rx.listens > 0 && inv.tx.listens > 0 && !inv.twoPorts():
		open = func(c engine.SendConfig) (*engine.Sender, error) {
			return engine.NewSenderBeside(c, rx.stream.(*engine.Receiver))
		}
	}
	t, err := open(c)
	if err != nil {
		s.leave()
		return nil, err
	}
	if c.Screen != nil {
		theConsole.follow(t)
	}
	s.stream = t
	return s, nil
}

// side prepares a side and its log. Only when there are two do their lines say which one speaks.
func (inv *invocation) side(name string) *side {
	prefix := ownPrefix
	if inv.number > 0 {
		prefix = label(inv.number)
	}
	if inv.rx.said() && inv.tx.said() {
		prefix = strings.TrimSuffix(prefix, ": ") + " " + name + ": "
	}
	return &side{
		name: name, number: inv.number, prefix: prefix, far: inv.far.companion, log: words.NewLog(stderr, prefix, observe.Level(inv.verbose)),
		events: inv.sight.teller.Side(name, uint64(inv.number)), begun: time.Now(),
	}
}

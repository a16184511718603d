package send

import (
	"cmp"
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"viamillipede/bufpool"
	"viamillipede/engine/doors"
	"viamillipede/engine/internal/stream"
	"viamillipede/engine/observe"
	"viamillipede/engine/schedule"
	"viamillipede/engine/sealed"
	"viamillipede/engine/send/course"
	"viamillipede/engine/send/ingest"
	"viamillipede/engine/send/reach"
	"viamillipede/engine/send/relief"
	"viamillipede/engine/send/zero"
	"viamillipede/engine/sidechain"
	"viamillipede/engine/ways"
	"viamillipede/engine/window"
	"viamillipede/engine/wire"
	"viamillipede/netio"
)

// nobody is the value of Sender.watcher while no loop watches the source.
const nobody = -1

// Every path has at least one link, so the window's bound on paths must be the bound on links.
var _ = [1]struct{}{}[stream.MaxThreads-window.MaxPaths]

// Sender is one stream's sending end.
type Sender struct {
	life      stream.Life
	cfg       stream.SendSetup
	observer  observe.Observer
	time      schedule.Timing
	transport stream.Transport
	stream    wire.StreamID

	in      ingest.Intake
	pool    *bufpool.Pool  // made on the first welcome
	buffers int            // in pool
	coders  int            // goroutines that code legs; their memory is within the window too
	advice  bufpool.Advice // of pool, as last told to the observer
	zero    zero.Count
	fleet   course.Fleet // its Window is made on the first welcome, like pool
	chaos   stream.Chaos
	loops   []*txloop
	made    atomic.Pointer[[]*ways.Path] // see paths
	reach   *reach.Reach
	order   *schedule.Order // which paths take new legs; nil: each as soon as those before it are busy. It changes with the paths

	hungry    atomic.Uint32 // a bit for each loop that has an idle link and no leg for it
	deferring atomic.Uint32 // of these, those that leave what comes to a loop with an idle link on a better path
	watcher   atomic.Int32  // the loop that watches the source, or nobody
	helper    relief.Helper // the second loop, if it only helps

	done atomic.Pointer[wire.Done] // what the receiver says is written; nil: nothing yet

	begun atomic.Bool // the receiver has received a leg, so no other receiver can take its place

	receiver wire.Welcome                 // the first; guarded by Life.Mu, as is all below
	met      bool                         // a receiver has been met
	left     [stream.MaxThreads]time.Time // when the link with that index was lost; zero: never
}

// New checks the configuration, opens the source and, unless there are paths to dial, listens: at a port of its own, or at doors where
// a receiver of this process listens, if they are not nil. Nobody is met before Run, which the caller calls once.
func New(c stream.SendSetup, at doors.Entrance) (*Sender, error) {
	c.Setup = sealed.Links(c.WithDefaults(len(c.Paths)))
	c.Options = c.WithinMeans(c.Observer)
	c.Name = cmp.Or(c.Name, "standard input")
	c.Leg = cmp.Or(c.Leg, min(usualLeg(c), int(c.Window/stream.LegsLeast)/stream.MinLeg*stream.MinLeg))
	if err := c.Check(); err != nil {
		return nil, err
	}
	loops := c.Loops()
	t, err := c.Afford(stream.Sending, loops, len(c.Paths), c.Observer)
	if err != nil {
		return nil, err
	}
	s := &Sender{cfg: c, observer: c.Observer, time: c.Timing, transport: c.Transport}
	s.fleet = course.Fleet{Life: &s.life, Sender: steered{s}, Observer: c.Observer, Time: c.Timing, Alike: !c.Chain.IsEmpty() && len(c.Paths) == 1}
	s.life.Live(sendEnd{s}, c.Observer, c.Timing, c.Timing.Linger, c.Timing.Farewell)
	s.life.SetGiveup(c.Giveup)
	s.chaos.Every = int64(c.Chaos)
	s.helper.On = loops == 2 && c.Helped()
	s.watcher.Store(nobody)
	if s.stream = c.Pair; s.stream != (wire.StreamID{}) {
	} else if err := netio.Random(s.stream[:]); err != nil {
		return nil, stream.Fail(stream.StatusLocalPipe, err, "cannot make a stream id")
	}
	s.reach, err = reach.New(reach.Config{
		Sender: reached{s}, Life: &s.life, Setup: &s.cfg, Begun: &s.begun, Loops: loops, Seats: t.Seats, Trace: s.trace(),
	}, at)
	if err != nil {
		return nil, err
	}
	reached{s}.Begin(s.reach.Paths())
	if err := s.open(loops, t.Pipes); err != nil {
		s.reach.Quit()
		return nil, err
	}
	return s, nil
}

// usualLeg is how many bytes a leg has at most where the user does not say. Where legs are coded they are larger, if there is one path: they
// become shorter, and need fewer processes. Several paths may be so different that more legs of the window have to be on their way. Where
// many coders are at work they are smaller, so that each has some.
func usualLeg(c stream.SendSetup) int {
	if c.Chain.IsEmpty() {
		return stream.DefaultLeg
	}
	leg := stream.DefaultLeg
	if len(c.Paths) == 1 {
		leg = stream.MaxLeg
	}
	const ofEach, share = 3, 2 // a leg before, in and behind each coder, in a part of the window
	fits := c.Window / share / int64(ofEach*sidechain.Workers(c.Means.Loops))
	return max(stream.MinLeg, min(leg, int(fits)/stream.MinLeg*stream.MinLeg))
}

// open acquires what the stream needs on this machine: the source and the loops.
func (s *Sender) open(loops, pipes int) error {
	if err := s.in.Open(s.ingestConfig(pipes)); err != nil {
		return stream.Fail(stream.StatusLocalPipe, err, "cannot use %s", s.cfg.Name)
	}
	s.fleet.Most = s.cfg.Leg
	window := s.cfg.Window
	if !s.cfg.Chain.IsEmpty() {
		var taken int64
		s.coders, taken = s.cfg.Chain.Coders(s.cfg.Means.Loops, s.cfg.Leg, window/4)
		window = max(window/2, window-taken)
	}
	s.buffers = max(1, min(int(window/int64(s.cfg.Leg)), stream.LegsMost))
	cpus := s.cfg.LoopCPUs(stream.Sending, loops)
	s.life.Placed.Store(&stream.Placement{CPUs: cpus})
	for i, cpu := range cpus {
		if err := s.addLoop(i, cpu); err != nil {
			s.close()
			return stream.Fail(stream.StatusLocalPipe, err, "cannot start")
		}
	}
	return nil
}

func (s *Sender) ingestConfig(pipes int) ingest.Config {
	c := &s.cfg
	return ingest.Config{
		Source: c.Source, Name: c.Name, PRBS: c.PRBS, Seed: c.Seed, Blank: c.Blank, Checksum: c.Checksum, Chain: c.Chain, Charmode: c.Charmode, IO: c.IO, Sealed: c.Key != nil,
		LegLimit: c.LegLimit, Delay: c.Delay, Limit: c.Limit, Size: c.Size, Lasts: c.Lasts, Pipes: pipes, Prove: c.Prove, Observer: s.observer, Trace: s.trace(),
		Freed: s.sourceFreed, Lapses: c.Lapses, Producer: c.Producer, Screen: c.Screen, Over: s.life.Over, Granted: func() { s.feed(nil) }, Refused: s.sourceFailed,
	}
}

func (s *Sender) addLoop(i, cpu int) error {
	l, err := s.life.OpenLoop(i, cpu)
	if err != nil {
		return err
	}
	t := &txloop{LinkLoop: stream.NewLinkLoop[*txlink](l, s.cfg.LinkSums), s: s, mark: 1 << i}
	l.Tick, l.After = t.tick, t.dispatch
	s.loops, s.life.Workers = append(s.loops, t), append(s.life.Workers, t)
	if s.cfg.Delay > 0 || s.cfg.Limit > 0 {
		if err := t.pause.Open(l); err != nil {
			return err
		}
	}
	if !s.in.Source.Pollable() {
		return nil
	}
	t.token, err = l.Watch(s.in.Source.FD(), netio.Once, t)
	return err
}

func (s *Sender) close() {
	for _, l := range s.loops {
		l.Close()
		l.pause.Close()
	}
	s.in.Close()
	if s.pool != nil {
		stream.ClosePool(s.pool, s.advice, s.observer)
	}
}

// Snapshot is how this end stands. Any goroutine may call it at any time; it takes as long as the busiest loop needs to answer.
func (s *Sender) Snapshot() observe.Snapshot { return s.life.Snapshot() }

// Summary is what the stream has done until now, or until its end. Any goroutine may call it while Run runs.
func (s *Sender) Summary() observe.Summary { return s.life.Summary() }

// Progress is how many bytes were read from the source, and for how long there have been links; it costs next to nothing. Any
// goroutine may call it.
func (s *Sender) Progress() (bytes uint64, elapsed time.Duration) { return s.life.Progress() }

// Run sends the stream and returns when the receiver has delivered all of it (nil), the stream has failed (*stream.Error), or ctx
// has ended. In the last case the error is the cause of ctx's end, if that is an *stream.Error. By then both ends know the reason,
// provided that a link was left to carry it.
func (s *Sender) Run(ctx context.Context) (sum observe.Summary, err error) {
	defer stream.Caught("the end", s.observer, func(e *stream.Error) { err = e })
	s.life.Begin(time.Now(), len(s.paths()))
	s.explain()
	defer s.cfg.Means.SpareCPUs(len(s.loops))()
	defer s.life.Run()()
	dialling, stop := context.WithCancel(context.Background())
	var links sync.WaitGroup
	links.Go(func() {
		defer s.life.Caught("links")
		s.reach.Keep(dialling)
	})
	s.life.Measure(dialling, s.cfg.SockStats, s.time.Dial, s.reach.Sockets)
	s.life.Supervise(ctx)
	said := s.life.Insist(ctx)
	if !said {
		s.unstick(ctx)
	}
	stop()
	links.Wait()
	if !said {
		s.life.Farewell()
		s.awaitGoodbye()
	}
	sum, _ = s.life.Leave(s.tidy)
	return sum, s.life.Err
}

// Addr is where it listens; nil: it dials.
func (s *Sender) Addr() net.Addr { return s.reach.Addr() }

// tidy releases everything, once the loops and their links have ended.
func (s *Sender) tidy() {
	if s.fleet.Window != nil {
		s.fleet.Window.Release()
	}
	s.close()
}

// sourceFreed resumes everyone who has waited since a call on the source got stuck.
func (s *Sender) sourceFreed() {
	if !s.in.InPlace() {
		return // the holder of the ingest turn goes on by itself
	}
	for _, l := range s.loops {
		l.Post(l.sourceFreed)
	}
}

// paths are those of the stream, in the user's order; where the sender listens, those of the present receiver, which do not change while
// there is a link.
func (s *Sender) paths() []*ways.Path { return *s.made.Load() }

// loopOf is the index of the loop that runs the link with the given index. It gives each loop links of every path.
func (s *Sender) loopOf(link int) int {
	ofPath := link / max(1, len(s.paths()))
	if s.helper.On {
		return s.helper.Has(ofPath)
	}
	return ofPath % len(s.loops)
}

// explain reports the choices made at the start.
func (s *Sender) explain() {
	observe.Tell(s.observer, observe.SourceOpened{Source: s.in.Source.String(), EnginePath: s.enginePath()})
	observe.Tell(s.observer, observe.SenderOpened{
		Placement: s.life.Placed.Load().Data(), Links: s.reach.Links(), Paths: len(s.paths()), Addr: s.reach.Addr(),
		Leg: int64(s.cfg.Leg), Window: s.cfg.Window, Size: s.in.Expected(),
	})
}

// enginePath is how the bytes travel at this end.
func (s *Sender) enginePath() observe.EnginePath {
	path := s.in.EnginePath()
	path.ZeroCopy, path.ZeroCopied, path.Checksum = s.zero.Sent.Load(), s.zero.Copied.Load(), s.cfg.Checksum
	return path
}

func (s *Sender) trace() netio.Tracer { return stream.TraceTo(s.observer) }

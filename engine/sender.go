package engine

import (
	"cmp"
	"context"
	"sync"
	"sync/atomic"
	"time"

	"viamillipede/bufpool"
	"viamillipede/engine/schedule"
	"viamillipede/engine/window"
	"viamillipede/engine/wire"
	"viamillipede/netio"
)

// nobody is the watcher of a source that no loop watches.
const nobody = -1

// A path has a link at least, and the window counts paths.
var _ = [1]struct{}{}[MaxThreads-window.MaxPaths]

// Sender is one stream's sending end.
type Sender struct {
	cfg       SendConfig
	observer  Observer
	time      schedule.Timing
	transport Transport
	stream    wire.StreamID

	in      ingest
	pool    *bufpool.Pool  // made by the first welcome, as the window is
	buffers int            // of pool
	advice  bufpool.Advice // of pool, as it was told
	zero    zeroCount
	window  *window.Window // made by the first welcome, before any loop has a link
	chaos   chaos
	gauge   gauge
	curtain curtain
	loops   []*txloop
	paths   []*pathState
	homes   []*pathState // of each link, by its index

	placed   atomic.Pointer[placement] // where the loops run
	settling sync.Mutex
	settled  bool // that is decided; guarded by settling

	dialling context.Context // ends when no more links are wanted; set by Run before there is a keeper
	errands  sync.WaitGroup  // lookups under way
	zones    atomic.Bool     // some link is to a link-local address

	planned [MaxThreads]atomic.Bool // links that a keeper is at work for

	hungry  atomic.Uint32 // a bit for each loop that has an idle link and no leg for it
	watcher atomic.Int32  // the loop that watches the source, or nobody

	allowed atomic.Int64  // bytes that all links together excuse to be kept; see txlink.measure
	legs    atomic.Int64  // thousandths of legs a second that all links together can send; see txlink.publish
	lately  atomic.Uint64 // legs a second that the stream lately had, a float64's bits

	credit  uint64       // legs that the receiver takes beyond what it delivered; set with window
	legTime atomic.Int64 // nanoseconds that a leg should take its link; see setLegTime

	begun   atomic.Bool  // the receiver has received a leg: another receiver would be of no use
	told    atomic.Bool  // the receiver has said why it failed: it need not be told
	parted  atomic.Bool  // the receiver has finished, after we did
	failing atomic.Bool  // the stream has failed: no more legs are sent, so that links are free for the word why
	moved   atomic.Int64 // when payload last moved, in nanoseconds since started; see move
	hoped   atomic.Int64 // likewise, when it last seemed to
	over    chan struct{}

	hasMet  chan struct{} // closed when a receiver was met
	firstUp chan struct{} // closed when the first link of the stream is up
	poke    chan struct{} // the supervisor shall look now
	outcry  outcry        // the supervisor's

	mu       sync.Mutex
	receiver wire.Welcome // the first; guarded by mu, as is all below
	met      bool         // a receiver was met
	outage   schedule.Outage
	left     [MaxThreads]time.Time // when the link of that index was lost; zero: never
	up       int
	lost     uint64 // links
	started  time.Time
	first    time.Time // when the first link came up
	ended    time.Time
	finished bool
	err      error
	change   chan struct{} // closed when the network changes, then made anew
	empty    chan struct{} // closed when the last link is lost, then made anew
}

// NewSender checks the configuration and takes hold of the source; nothing is opened on the network before Run. The
// caller runs it once.
func NewSender(c SendConfig) (*Sender, error) {
	c.Options = c.withDefaults(DefaultConnect).withinMeans(c.Observer)
	c.Leg = cmp.Or(c.Leg, min(DefaultLeg, int(c.Window/legsLeast)/MinLeg*MinLeg))
	if err := c.check(); err != nil {
		return nil, err
	}
	if n := len(c.Paths); n > MaxThreads {
		return nil, fail(StatusUsage, nil, "%d paths, expected at most %d: each needs a link", n, MaxThreads)
	}
	if c.Auto {
		c.Threads = AutoThreads
	}
	loops := c.loops()
	want := max(c.Threads, len(c.Paths)) // a path without a link could not stand in for another
	t, err := c.Means.afford(sending, loops, want)
	if err != nil {
		return nil, fail(StatusLocalPipe, err, "cannot start")
	}
	if t.links < want {
		tell(c.Observer, LinksCut{Links: t.links, Wanted: want, Err: errFewFiles})
	}
	c.Threads, c.SockStats = t.links, c.SockStats && t.counts
	s := &Sender{
		cfg: c, observer: c.Observer, time: c.Timing, transport: c.Transport,
		over: make(chan struct{}), poke: make(chan struct{}, 1), firstUp: make(chan struct{}), hasMet: make(chan struct{}), change: make(chan struct{}),
		empty: make(chan struct{}),
	}
	s.gauge.observer = c.Observer
	s.chaos.every = int64(c.Chaos)
	s.watcher.Store(nobody)
	if err := netio.Random(s.stream[:]); err != nil {
		return nil, fail(StatusLocalPipe, err, "cannot make a stream id")
	}
	for i, p := range c.Paths {
		path := newPath(p, i)
		path.ports.set(p.Sports.List)
		s.paths = append(s.paths, path)
	}
	s.homes = spreadLinks(s.paths, max(c.Threads, len(s.paths)))
	return s, s.open(loops, t.pipes)
}

// open takes what the stream needs of this machine.
func (s *Sender) open(loops, pipes int) error {
	src, err := s.source()
	if err != nil {
		return fail(StatusLocalPipe, err, "cannot use standard input")
	}
	s.in.open(src, s.cfg, s.trace())
	s.in.atMost(pipes)
	s.in.observer = s.observer
	s.in.shore.Freed, s.in.shore.Lapses = s.sourceFreed, s.cfg.Lapses
	s.buffers = min(int(s.cfg.Window/int64(s.cfg.Leg)), legsMost)
	cpus := s.cfg.loopCPUs(sending, loops)
	s.placed.Store(&placement{cpus: cpus})
	for i, cpu := range cpus {
		if err := s.addLoop(i, cpu); err != nil {
			s.close()
			return fail(StatusLocalPipe, err, "cannot start")
		}
	}
	return nil
}

func (s *Sender) addLoop(i, cpu int) error {
	l, err := openLoop(i, cpu, s.time.Tick, s.observer, s.fail)
	if err != nil {
		return err
	}
	t := &txloop{Loop: l, s: s, past: sumsFor(s.cfg.LinkSums), mark: 1 << i}
	l.Tick, l.After = t.tick, t.dispatch
	s.loops = append(s.loops, t)
	if err := t.openPause(); err != nil {
		return err
	}
	if !s.in.src.Pollable() {
		return nil
	}
	t.token, err = l.Watch(s.in.src.FD(), netio.Once, t)
	return err
}

func (s *Sender) close() {
	for _, l := range s.loops {
		l.Close()
		l.closePause()
	}
	s.in.close()
	s.in.src.Close()
	if s.pool != nil {
		closePool(s.pool, s.advice, s.observer)
	}
}

// Run sends the stream and returns when the receiver has delivered all of it (nil), or the stream failed (*Error), or ctx
// ended; then the cause of its end, if an *Error, is the result. Both ends have been told the reason as far as a link was
// left to tell it on.
func (s *Sender) Run(ctx context.Context) (sum Summary, err error) {
	defer caught("the end", s.observer, func(e *Error) { err = e })
	s.begin(time.Now())
	s.explain()
	defer s.cfg.Means.spareCPUs(len(s.loops))()
	for _, l := range s.loops {
		go l.Run()
	}
	defer lookOut(s.loops, s.time.Tick, s.observer, s.fail)()
	dialling, stop := context.WithCancel(context.Background())
	s.dialling = dialling
	keepers := s.keep(dialling)
	s.gauge.load.start(func() { s.gaugeLinks(dialling) })
	s.supervise(ctx)
	s.findVoice(ctx)
	stop()
	keepers.Wait()
	s.errands.Wait()
	s.farewell()
	sum = s.Summary()
	s.curtain.fall()
	haltThen(s.loops, s.tidy, s.observer)
	return sum, s.err
}

// tidy gives everything back, when the loops have ended.
func (s *Sender) tidy() {
	s.gauge.close()
	for _, l := range s.loops {
		l.closeLinks()
	}
	if s.window != nil {
		s.window.Release()
	}
	s.close()
}

// sourceFreed has everybody go on who waited since a call on the source was stuck.
func (s *Sender) sourceFreed() {
	if !s.in.byRef {
		return // whoever has the turn goes on
	}
	for _, l := range s.loops {
		l.Post(l.sourceFreed)
	}
}

// begin notes when the stream began.
func (s *Sender) begin(now time.Time) {
	s.mu.Lock() // a status may be asked for already
	defer s.mu.Unlock()
	s.started = now
	s.outage.Start(now, len(s.paths))
}

// keep starts the keepers, the first of each path before the others; they end with ctx.
func (s *Sender) keep(ctx context.Context) *sync.WaitGroup {
	var wg sync.WaitGroup
	ks := s.keepers()
	c := &crew{ctx: ctx, keepers: ks, wg: &wg, stop: make([]chan struct{}, len(ks)), ended: make([]chan struct{}, len(ks))}
	wg.Go(func() {
		defer s.caught("network")
		s.watchNetwork(ctx)
	})
	for i := range s.paths {
		c.start(i)
	}
	wg.Go(func() {
		defer s.caught("keepers")
		if s.cfg.Auto {
			s.trial(ctx, c)
			return
		}
		s.holdBack(ctx)
		for i := len(s.paths); i < len(ks); i++ {
			c.start(i)
		}
	})
	return &wg
}

// keepers makes the keeper of each link.
func (s *Sender) keepers() []*keeper {
	var ks []*keeper
	for i, home := range s.homes {
		ks = append(ks, &keeper{
			s: s, index: i, home: home, anchor: i < len(s.paths), place: home.ports.homes, loop: s.loops[s.loopOf(i)],
		})
		home.ports.homes++ // nobody dials yet
	}
	return ks
}

// loopOf is the index of the loop that has the link of that index: each loop has links of every path.
func (s *Sender) loopOf(link int) int { return link / len(s.paths) % len(s.loops) }

// explain tells the choices made at the start.
func (s *Sender) explain() {
	tell(s.observer, SourceOpened{Source: s.in.src.String(), EnginePath: s.enginePath()})
	tell(s.observer, SenderOpened{
		Placement: s.placed.Load().data(), Links: len(s.homes), Paths: len(s.paths),
		Leg: int64(s.cfg.Leg), Window: s.cfg.Window,
	})
}

// enginePath is how the bytes travel at this end.
func (s *Sender) enginePath() EnginePath {
	path := s.in.path()
	path.ZeroCopy, path.ZeroCopied, path.Checksum = s.zero.sent.Load(), s.zero.copied.Load(), s.cfg.Checksum
	return path
}

func (s *Sender) trace() netio.Tracer { return traceTo(s.observer) }

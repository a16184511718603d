package engine

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"viamillipede/bufpool"
	"viamillipede/engine/loop"
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

func (s *Sender) features() uint32 {
	if s.cfg.Checksum {
		return wire.FeatureChecksum
	}
	return 0
}

func (s *Sender) trace() netio.Tracer { return traceTo(s.observer) }

// welcome takes in what a receiver says of itself: the first decides the window. An error means that the path leads to
// another receiver than ours.
func (s *Sender) welcome(w wire.Welcome) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case w.Stream != s.stream:
		return fmt.Errorf("the receiver answers for another stream")
	case w.Features&^s.features() != 0:
		return fmt.Errorf("the receiver grants features %#x, of which %#x were asked for", w.Features, s.features())
	case s.met && w.Receiver != s.receiver.Receiver:
		return errOther
	case s.met && (w.Features != s.receiver.Features || w.MaxLeg < s.receiver.MaxLeg):
		return fmt.Errorf("the receiver grants less than before")
	case s.met:
		return nil
	case w.Delivered != 0:
		return fmt.Errorf("the receiver delivered %d legs of a stream that begins now", w.Delivered)
	case w.Credit < 1 || w.Credit > legsMost:
		return fmt.Errorf("the receiver takes %d legs, expected 1 to %d", w.Credit, legsMost)
	}
	if err := s.makePool(); err != nil {
		s.finishLocked(fail(StatusLocalPipe, err, "cannot get memory for the window"))
		return err
	}
	s.met, s.receiver = true, w
	close(s.hasMet)
	s.in.most = min(s.cfg.Leg, int(w.MaxLeg))
	s.credit = uint64(w.Credit)
	s.setLegTime()
	s.window = window.New(int(w.Credit), w.Delivered, s.cfg.Window)
	return nil
}

// makePool gets the memory for the window, on the nodes of the loops.
func (s *Sender) makePool() (err error) {
	s.pool, err = bufpool.New(bufpool.Config{
		Shards: len(s.loops), Nodes: s.placed.Load().nodes(), Buffers: s.buffers, Size: s.cfg.Leg,
	})
	if err != nil {
		return err
	}
	s.in.pool, s.advice = s.pool, s.pool.Advice()
	tell(s.observer, MemoryAdvised{s.advice})
	return nil
}

// heardFrom says that a receiver has answered.
func (s *Sender) heardFrom() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.outage.Meet(time.Now())
}

// linkUp puts a new link to work; on its loop's thread.
func (s *Sender) linkUp(l *txloop, k *txlink) {
	if err := k.start(l.Loop, l.past, netio.Readable|netio.Writable|netio.Edge, k); err != nil {
		k.conn.Abort()
		k.lost(err)
		return
	}
	l.add(k)
	k.count(&s.gauge)
	k.queue = k.conn.Queued() // the handshake has shown a round trip
	k.watch.begun, k.watch.acked = k.queue.Acked, k.queue.Acked
	k.startZero()
	first := k.path.linkUp()
	s.spread(k.path, l.Loop)
	s.mu.Lock()
	s.up++
	if s.first.IsZero() {
		s.first = time.Now()
		close(s.firstUp)
	}
	s.outage.LinkUp(k.loop.Now)
	s.mu.Unlock()
	tell(s.observer, LinkUp{Link: k.index, Path: k.linkState.path})
	if first {
		tell(s.observer, PathUp{Path: k.path.String(), Order: k.path.order})
	}
	s.look()
}

// linkLost takes a link's end in; on its loop's thread.
func (s *Sender) linkLost(k *txlink, err error) {
	k.owner.remove(k)
	last := k.path.linkDown()
	s.spread(k.path, k.loop)
	s.mu.Lock()
	if s.up--; s.up == 0 {
		close(s.empty)
		s.empty = make(chan struct{})
	}
	s.outage.LinkLost(schedule.EndNoSign, k.proved, k.heard, k.loop.Now) // who dials asks again
	if k.dashed(err) {
		s.outage.Despair(k.loop.Now)
	}
	s.left[k.index] = k.loop.Now
	expected := s.finished // the peer hangs up, as it should
	if !expected && err != errLeft {
		s.lost++
		k.path.lost.Add(1)
	}
	s.mu.Unlock()
	tell(s.observer, LinkDown{Link: k.index, Path: k.linkState.path, Err: err, Expected: expected})
	if last {
		tell(s.observer, PathDown{Path: k.path.String(), Order: k.path.order, Err: err})
	}
	s.look()
	s.feed(nil)
}

// look has the supervisor judge the situation now.
func (s *Sender) look() {
	select {
	case s.poke <- struct{}{}:
	default:
	}
}

// feed wakes the loops that wait for a leg, after an ack or a loss gave them hope. not is the loop that looks by itself.
func (s *Sender) feed(not *loop.Loop) {
	if w := s.window; w != nil && !s.begun.Load() && w.Arrived() > 0 {
		s.begun.Store(true)
	}
	marks := s.hungry.Load()
	if marks == 0 {
		return
	}
	for _, l := range s.loops {
		if l.Loop != not && marks&l.mark != 0 {
			l.Nudge()
		}
	}
}

// handOver wakes one hungry loop, when the calling loop cannot take all that the source has.
func (s *Sender) handOver(from *loop.Loop) {
	marks := s.hungry.Load()
	for _, l := range s.loops {
		if l.Loop != from && marks&l.mark != 0 {
			l.Nudge()
			return
		}
	}
}

// room reports whether a new leg would find a place now.
func (s *Sender) room() bool { return s.window.Open() && s.pool.InUse() < s.buffers }

// delivered takes in the receiver's word that everything is written, or as much as its consumer wanted.
func (s *Sender) delivered(d wire.Done) {
	if d.Early {
		s.stoppedEarly(d)
		return
	}
	if !s.in.ended.Load() || d.Legs != s.in.total.Legs || d.Bytes != s.in.total.Bytes {
		s.fail(fail(StatusIntegrity, nil, "the receiver delivered %d bytes in %d legs, which is not what was sent",
			d.Bytes, d.Legs))
		return
	}
	s.finish(nil)
}

// stoppedEarly ends a stream that the receiver's consumer wants no more of.
func (s *Sender) stoppedEarly(d wire.Done) {
	if sent := s.in.offset.Load(); d.Bytes > sent {
		s.fail(fail(StatusIntegrity, nil, "the receiver's consumer has read %d bytes, but %d were sent", d.Bytes, sent))
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.finished {
		tell(s.observer, PeerConsumerStopped{Read: d.Bytes})
	}
	s.finishLocked(nil)
}

// remoteFault takes in why the receiver failed.
func (s *Sender) remoteFault(f wire.Fault) {
	s.told.Store(true)
	s.fail(remoteError("receiver", f))
}

// receiverFinished takes in that the receiver is done with the stream. Where it succeeded, it has said so before, on the same link.
func (s *Sender) receiverFinished() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.finished {
		s.parted.Store(true)
		s.look()
		return
	}
	s.told.Store(true)
	s.finishLocked(s.asFarAsKnown(fail(StatusLost, nil, "the receiver ended the stream without saying that it was written")))
}

// asFarAsKnown has the error of a stream say that everything was received, if it was. Under mu.
func (s *Sender) asFarAsKnown(err *Error) *Error {
	if s.in.ended.Load() && !s.window.Pending() {
		err.Reason = fmt.Sprintf("all %d bytes were received; whether they were written is not known: %s", s.in.total.Bytes, err.Reason)
	}
	return err
}

// sourceFailed ends the stream, since its bytes cannot be read.
func (s *Sender) sourceFailed(err error) {
	if e, ok := err.(*Error); ok {
		s.fail(e)
		return
	}
	s.fail(fail(StatusLocalPipe, err, "cannot read standard input"))
}

// fail ends the stream with an error, unless it has ended before.
func (s *Sender) fail(err *Error) { s.finish(err) }

func (s *Sender) finish(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.finishLocked(err)
}

// finishLocked is finish, under mu.
func (s *Sender) finishLocked(err error) {
	if s.finished {
		return
	}
	s.finished, s.err, s.ended = true, err, time.Now()
	s.failing.Store(err != nil)
	close(s.over)
}

// supervise waits for the end of the stream, and ends it when there is no hope.
func (s *Sender) supervise(ctx context.Context) {
	defer s.caught("supervisor")
	ticker := time.NewTicker(s.time.Tick * schedule.TicksPerLook)
	defer ticker.Stop()
	for {
		select {
		case <-s.over:
			s.cryOut(time.Now())
			return
		case <-ctx.Done():
			s.fail(stopped(ctx))
			return
		case <-ticker.C:
		case <-s.poke:
		}
		now := time.Now()
		if err := s.judge(now); err != nil {
			s.fail(err)
		}
		s.cryOut(now)
	}
}

// judge says whether the stream has failed for want of links.
func (s *Sender) judge(now time.Time) *Error {
	answers := s.answers()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.outage.Met() {
		return firstContact(answers, now.Sub(s.started), s.cfg.Connect)
	}
	if s.up == 0 && !s.begun.Load() && every(answers, answer.final) {
		return fail(StatusRefused, nil, "%s", summarize(answers)) // no leg had arrived, and the receiver took another sender's
	}
	s.outage.Progress(s.lastMove(now))
	s.outage.Hope(s.started.Add(time.Duration(s.hoped.Load())))
	if err := s.doom(now, answers); err != nil {
		return s.asFarAsKnown(err)
	}
	return nil
}

// answers is what the last attempt on each path showed.
func (s *Sender) answers() []answer {
	answers := make([]answer, 0, len(s.paths))
	for _, p := range s.paths {
		_, refused, verdict, last := p.state()
		if last == nil && p.names.unknown() {
			last = errSlowName
		}
		answers = append(answers, answer{p.String(), refused, verdict, last})
	}
	return answers
}

// lastMove is when payload last moved, or had not to: a link is up and the receiver has all that was sent, which is not all that
// there is. Under mu.
func (s *Sender) lastMove(now time.Time) time.Time {
	if s.up > 0 && !s.in.ended.Load() && !(s.window != nil && s.window.Pending()) {
		return now
	}
	return s.movedAt()
}

// movedAt is when payload last moved.
func (s *Sender) movedAt() time.Time { return s.started.Add(time.Duration(s.moved.Load())) }

// move notes that payload moved: the receiver has more of it. See txlink.seemsToMove for what counts too.
func (s *Sender) move(now time.Time) { s.moved.Store(int64(now.Sub(s.started))) }

// doom is judge once the receiver was met, under mu.
func (s *Sender) doom(now time.Time, answers []answer) *Error {
	dead, giveup := s.cfg.Dead, s.cfg.Giveup
	switch s.outage.Judge(now, dead, giveup) {
	case schedule.FateRefused:
		return fail(StatusLost, nil, "the receiver is gone: its host has refused for %v (%s)", dead, summarize(answers))
	case schedule.FateUnknown:
		return fail(StatusLost, nil, "the receiver is gone: another one is in its place (%s)", summarize(answers))
	case schedule.FateLost:
		return s.lostFor(giveup)
	}
	return nil
}

// lostFor is the error of a stream on which no payload moved for giveup; under mu.
func (s *Sender) lostFor(giveup time.Duration) *Error {
	if why := s.swallowed(); why != nil {
		return fail(StatusLost, why, "nothing has got through to the receiver for longer than giveup (%v)", giveup)
	}
	if s.up > 0 {
		return fail(StatusLost, nil, "nothing has got through to the receiver for longer than giveup (%v)", giveup)
	}
	return fail(StatusLost, nil, "all paths to the receiver have been lost for longer than giveup (%v)", giveup)
}

// swallowed is a BlackHole, where a path is known to be one, or nil.
func (s *Sender) swallowed() error {
	for _, p := range s.paths {
		if n := p.hole.Load(); n > 0 {
			return BlackHole{p.String(), n}
		}
	}
	return nil
}

// attempted notes what an attempt on a path that failed says of the receiver.
func (s *Sender) attempted(p *pathState, r schedule.Reply) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.outage.Attempt(p.order, r, time.Now())
}

// findVoice waits for a link to tell the receiver on why the stream failed here: the links that are in the middle of a leg which
// is in the source, and cannot be finished, or on which nothing gets through, are ended, and dialled anew.
func (s *Sender) findVoice(ctx context.Context) {
	status, atMost := ExitStatus(s.err), s.time.Linger
	stuck := status == StatusLost && s.linksUp()
	if s.told.Load() || status != StatusIntegrity && status != StatusLocalPipe && status != StatusInternal && !stuck {
		return
	}
	if stuck {
		atMost = s.time.Farewell
	}
	wait, end := context.WithTimeout(ctx, atMost)
	defer end()
	quit := make(chan struct{}, len(s.loops))
	for _, l := range s.loops {
		if !l.Post(func() { l.quitLegs(stuck); quit <- struct{}{} }) {
			quit <- struct{}{}
		}
	}
	awaitAll(quit, len(s.loops), s.time.Farewell)
	ticker := time.NewTicker(s.time.Tick * schedule.TicksPerLook)
	defer ticker.Stop()
	for s.speechless() && (stuck || s.judge(time.Now()) == nil) {
		select {
		case <-s.poke:
		case <-ticker.C:
		case <-wait.Done():
			return
		}
	}
}

// linksUp reports whether there are links.
func (s *Sender) linksUp() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.up > 0
}

// speechless reports whether there is a receiver and no link to it.
func (s *Sender) speechless() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.met && s.up == 0
}

// lastWords is what the receiver is told of the end.
func (s *Sender) lastWords() []byte {
	if s.err != nil {
		return faultOf(s.err).Append(nil)
	}
	return wire.Bye{Stream: true}.Append(nil)
}

// farewell tells the receiver how the stream ended, on every link, and waits until the words have left.
func (s *Sender) farewell() {
	words := s.lastWords()
	left := make(chan struct{}, len(s.loops))
	for _, l := range s.loops {
		if !l.Post(func() { l.farewell(words, left) }) {
			left <- struct{}{}
		}
	}
	awaitAll(left, len(s.loops), s.time.Farewell)
	if s.err == nil {
		s.awaitGoodbye()
	}
}

// awaitGoodbye waits, for a moment, until the receiver has answered our last word on one of the links, or has ended them all. A
// link that is closed while something comes in is reset by the kernel, which throws away what it has not sent yet; a receiver that
// has not heard the word would wait for us.
func (s *Sender) awaitGoodbye() {
	late := time.NewTimer(s.time.Farewell)
	defer late.Stop()
	for s.linksUp() && !s.parted.Load() {
		select {
		case <-s.poke:
		case <-late.C:
			return
		}
	}
}

// chaos cuts links on purpose. Only a leg's first journey counts: a link that is cut takes the legs on it along, and they
// must get through some time, even with a cut after every leg.
type chaos struct {
	every int64 // legs between two cuts; 0 is never
	done  atomic.Int64
	cuts  atomic.Int64
}

// strike counts a leg and reports whether its link shall be cut.
func (c *chaos) strike() bool {
	if c.every == 0 || c.done.Add(1)%c.every != 0 {
		return false
	}
	c.cuts.Add(1)
	return true
}

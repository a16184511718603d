package engine_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"viamillipede/engine"
	"viamillipede/engine/enginetest"
	"viamillipede/engine/internal/stream"
	"viamillipede/engine/observe"
	"viamillipede/engine/rig"
	"viamillipede/engine/schedule"
	"viamillipede/engine/sidechain"
)

var seedFlag = flag.Int64("seed", -1, "run this one seed of TestSeeds or TestSeedsThatFail, with everything said")

var everySeed = flag.Bool("everyseed", false, "try all seeds also in tests that usually try a share of them")

// The engine's clocks, scaled so that what takes minutes takes milliseconds. DeadPeer is long enough for a machine that
// is busy with other tests.
var quick = schedule.Timing{
	Backoff:     time.Millisecond,
	BackoffMost: 8 * time.Millisecond,
	Dial:        200 * time.Millisecond,
	Hello:       200 * time.Millisecond,
	Tick:        5 * time.Millisecond,
	Beat:        10 * time.Millisecond,
	Stall:       20 * time.Millisecond,
	Move:        5 * time.Millisecond,
	Dead:        80 * time.Millisecond,
	DeadPeer:    1500 * time.Millisecond,
	Linger:      time.Second,
	Farewell:    200 * time.Millisecond,
}

// lazy has clocks that are of no help: a wake-up that the engine misses makes its stream too late.
var lazy = schedule.Timing{
	Backoff:     time.Millisecond,
	BackoffMost: 8 * time.Millisecond,
	Dial:        10 * time.Second,
	Hello:       10 * time.Second,
	Tick:        30 * time.Second,
	Beat:        30 * time.Second,
	Stall:       30 * time.Second,
	Move:        30 * time.Second,
	Dead:        60 * time.Second,
	DeadPeer:    60 * time.Second,
	Linger:      60 * time.Second,
	Farewell:    10 * time.Second,
}

// patience is how long one stream may take; far more than any does, for a machine that is busy.
const patience = time.Minute

// atOnce is how many streams run at the same time; most of them wait for a clock.
const atOnce = 16

// TestSeeds sends many streams, each over a network of its own that breaks in its own way. What comes out is what went
// in, both ends succeed, and nothing is left behind.
func TestSeeds(t *testing.T) {
	var moved atomic.Uint64
	forSeeds(t, "TestSeeds", 1, func(seed uint64, log io.Writer) error {
		s := newScenario(seed)
		err := s.run(log)
		moved.Add(s.moved)
		return err
	})
	t.Logf("links moved from loop to loop %d times", moved.Load())
	if moved.Load() == 0 && *seedFlag < 0 {
		t.Error("no link ever moved from loop to loop")
	}
}

// forSeeds calls try for every seed of this run, a share of the usual number.
func forSeeds(t *testing.T, name string, share int, try func(seed uint64, log io.Writer) error) {
	if *seedFlag >= 0 {
		if err := try(uint64(*seedFlag), os.Stderr); err != nil {
			t.Fatal(err)
		}
		return
	}
	if *everySeed {
		share = 1
	}
	n := uint64(engine.Seeds / share)
	if testing.Short() {
		n = uint64(engine.SeedsShort / share)
	}
	_ = try(0, io.Discard) // what Go's runtime sets up once is no leak
	before := enginetest.Hold()
	var next, failed atomic.Uint64
	var workers sync.WaitGroup
	for range atOnce {
		workers.Go(func() {
			for failed.Load() < 5 {
				i := next.Add(1) - 1
				if i >= n {
					return
				}
				seed := engine.FirstSeed + i
				if err := try(seed, io.Discard); err != nil {
					failed.Add(1)
					t.Errorf("%v\nreplay: go test ./engine -run '^%s$' -seed %d", err, name, seed)
				}
			}
		})
	}
	workers.Wait()
	if err := before.Check(); err != nil {
		t.Error(err)
	}
}

// scenario is one stream and its network, all drawn from a seed.
type scenario struct {
	seed           uint64
	options        rig.Setup // of both ends
	txLoops        int
	rxLoops        int
	rxLeg          int
	paths          int
	dead           int // paths that never answer
	faults         enginetest.Faults
	source, sink   enginetest.Kind
	length         int
	shrink         int  // bytes that the sink holds; 0 is much
	slow           bool // writer and consumer pause now and then
	chaos          int
	level          observe.Level
	rng            *rand.Rand
	pathsAreSilent bool
	reversed       bool   // the receiver dials
	moves          bool   // links follow their packets from loop to loop
	moved          uint64 // so many did
	holes          []gap  // of the source

	txChain, rxChain sidechain.Chain
}

func newScenario(seed uint64) *scenario {
	r := rand.New(rand.NewPCG(seed, 1))
	s := &scenario{seed: seed, rng: r}
	leg := []int{4 << 10, 8 << 10, 12 << 10, 16 << 10, 64 << 10, 128 << 10}[r.IntN(6)]
	s.length = []int{
		0, 1, leg - 1, leg, leg + 1, r.IntN(3 * leg),
		r.IntN(300 << 10), r.IntN(300 << 10), r.IntN(300 << 10), r.IntN(800 << 10),
		1<<20 + r.IntN(3<<20), // more than the windows hold
	}[r.IntN(11)]
	s.options = rig.Setup{
		Options: engine.Options{
			Threads: 1 + r.IntN(8), Window: engine.MinWindow, Leg: leg, Checksum: r.IntN(3) == 0,
			Charmode: r.IntN(6) == 0, Giveup: -1, Connect: time.Minute,
		},
		Hooks: rig.Hooks{Timing: quick},
	}
	s.options.IO = []string{"auto", "auto", "copy", "splice"}[r.IntN(4)]
	if kind := r.IntN(3); kind > 0 {
		s.options.Prove = func() (stream.Prover, error) { return newFlip(seed, kind) }
	}
	s.rxLeg = engine.MaxLeg / 4
	if r.IntN(3) == 0 {
		s.rxLeg = 4 << 10 << r.IntN(5)
	}
	s.rxLoops, s.txLoops = 1+r.IntN(3), 1+r.IntN(3)
	s.paths = 1 + r.IntN(3)
	s.faults = enginetest.Faults{
		Most: r.IntN(30), Bytes: s.length, Short: r.IntN(3) == 0, Again: r.IntN(3) == 0,
		Room: r.IntN(2) == 0, Silent: r.IntN(3) == 0,
	}
	if r.IntN(8) == 0 {
		s.faults.Most = 0
	}
	if s.options.Threads > 1 && r.IntN(6) == 0 {
		s.faults.Doomed = s.options.Threads / 2
	}
	if s.paths > 1 && r.IntN(4) == 0 {
		s.dead, s.pathsAreSilent = 1+r.IntN(s.paths-1), r.IntN(2) == 0
		if s.options.Threads <= s.dead {
			s.options.Threads = s.dead + 1
		}
		s.faults.Doomed = 0
	}
	if !s.faults.Silent && !s.faults.Again && s.dead == 0 && s.faults.Doomed == 0 && r.IntN(2) == 0 {
		s.options.Timing = lazy
		s.faults.Most = 0 // a link that is lost in silence is for a clock to find
	}
	s.source = enginetest.Kind(r.IntN(3))
	s.sink = enginetest.Kind(r.IntN(4))
	if r.IntN(2) == 0 {
		s.shrink = 4096 << r.IntN(4)
	}
	s.slow = r.IntN(3) == 0
	if r.IntN(6) == 0 && s.options.Timing != lazy {
		s.chaos = 1 + r.IntN(5)
	}
	if s.moves = s.rxLoops > 1 && r.IntN(3) > 0; s.moves && s.options.Timing != lazy {
		s.options.Timing.Tick, s.options.Timing.Move = time.Millisecond, 1 // at the second look
	}
	if r.IntN(8) == 0 {
		s.level = 20
		s.length = min(s.length, 300<<10) // a line for every call takes its time
	}
	if s.source == enginetest.KindFile && r.IntN(2) == 0 {
		s.options.Holes, s.length = true, s.length+r.IntN(2<<20)
		if s.sink == enginetest.KindFile && r.IntN(2) == 0 {
			s.options.Resume, s.length = true, s.length+r.IntN(8<<20)
		}
	}
	s.reversed = r.IntN(3) == 0
	if r.IntN(4) == 0 {
		s.txChain, s.rxChain = drawChain(r)
	}
	return s
}

func (s *scenario) String() string {
	c := *s
	c.rng = nil
	return fmt.Sprintf("%+v", c)
}

// run sends the stream and returns what is wrong with what came out.
func (s *scenario) run(log io.Writer) error {
	if log != io.Discard {
		s.level = 10
	}
	network := enginetest.NewNet(s.seed, s.faults)
	network.Reversed = s.reversed
	defer network.Close()
	data := content(s.seed, s.length)
	if !s.txChain.IsEmpty() {
		loosen(data, s.rng)
	}
	if s.options.Holes {
		s.holes = carve(data, s.rng)
	}
	p := pipe{sc: s, data: data, log: &lines{to: log}, network: network}
	if err := p.run(); err != nil {
		return fmt.Errorf("seed %d: %w\n%v\n%s", s.seed, err, s, p.log)
	}
	s.moved = p.rx.Moved
	return nil
}

// content is the stream of a seed: bytes of which no two pieces are alike.
func content(seed uint64, length int) []byte {
	b := make([]byte, length)
	r := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8), byte(seed >> 16)})
	r.Read(b)
	return b
}

// lines keeps the last lines of a log for a test that fails.
type lines struct {
	to io.Writer

	mu     sync.Mutex
	last   []string        // guarded by mu
	events []observe.Event // likewise
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.last) >= 60 {
		l.last = l.last[1:]
	}
	l.last = append(l.last, string(p))
	return l.to.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.last, "")
}

// pipe is a scenario that runs.
type pipe struct {
	sc           *scenario
	data         []byte
	log          *lines
	network      *enginetest.Net
	source, sink *enginetest.Stdio
	rx, tx       observe.Summary
}

const port = 8834

func unpinned(n int) []int {
	cpus := make([]int, n)
	for i := range cpus {
		cpus[i] = -1
	}
	return cpus
}

// looped is o with as many loops as this kind of run asks for, unless the test has its own number.
func looped(o rig.Setup) rig.Setup {
	if engine.Loops > 0 && o.CPUs == nil {
		o.CPUs = unpinned(engine.Loops)
	}
	return o
}

func (s *scenario) sendOptions(t stream.Transport) rig.Setup {
	o := s.options
	o.Transport, o.CPUs, o.Chaos, o.Chain = t, unpinned(s.txLoops), s.chaos, s.txChain
	if s.reversed {
		o.Connect = 0
	}
	return o
}

func (s *scenario) receiveOptions(t stream.Transport) rig.Setup {
	o := s.options
	o.Transport, o.CPUs, o.Leg, o.Chain = t, unpinned(s.rxLoops), s.rxLeg, s.rxChain
	if !s.reversed {
		o.Connect = 0
	}
	if s.moves {
		loops := min(s.rxLoops, o.Threads)
		o.Serve = func(cpu int) int { return cpu % loops }
	}
	return o
}

// hosts names the paths, and makes those dead that have to be.
func (s *scenario) hosts(n *enginetest.Net) []engine.Path {
	var paths []engine.Path
	for i := range s.paths {
		host := string(rune('a' + i))
		if i < s.dead {
			state := enginetest.PathRefuses
			if s.pathsAreSilent {
				state = enginetest.PathSilent
			}
			n.Set(host, state)
		}
		paths = append(paths, engine.Path{Host: host, Port: port})
	}
	return paths
}

func (p *pipe) run() (err error) {
	if p.source, err = enginetest.NewSource(p.sc.source, p.data); err != nil {
		return err
	}
	defer p.source.Close()
	if err := punch(p.source.FD, p.sc.holes); err != nil {
		return err
	}
	if p.sink, err = enginetest.NewSink(p.sc.sink); err != nil {
		return err
	}
	defer p.sink.Close()
	r, s, err := p.ends()
	if err != nil {
		return err
	}
	if p.sc.shrink > 0 {
		p.sink.Shrink(p.sc.shrink)
	}
	return p.move(r, s)
}

// ends makes both ends, of which one dials.
func (p *pipe) ends() (*engine.Receiver, *engine.Sender, error) {
	from, to := p.sc.hosts(p.network), []engine.Path(nil)
	if p.sc.reversed {
		from, to = to, from
	}
	r, err := rig.NewReceiver(rig.ReceiveConfig{
		Setup: p.sc.receiveOptions(p.network), Paths: to, Port: port, Sink: p.sink.FD, SinkFile: p.sc.left(p.sink.Kept(), p.data),
		Observer: hears{p.log, "rx: ", p.sc.level},
	})
	if err != nil {
		return nil, nil, err
	}
	s, err := rig.NewSender(rig.SendConfig{
		Setup: p.sc.sendOptions(p.network), Paths: from, Port: port, Source: p.source.FD,
		Observer: hears{p.log, "tx: ", p.sc.level},
	})
	return r, s, err
}

// move runs both ends, the writer and the consumer.
func (p *pipe) move(r *engine.Receiver, s *engine.Sender) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var got []byte
	var rxErr, txErr, sinkErr error
	feedRand, drainRand := rand.New(rand.NewPCG(p.sc.seed, 2)), rand.New(rand.NewPCG(p.sc.seed, 3))
	var ends, others sync.WaitGroup
	ends.Go(func() { p.rx, rxErr = r.Run(ctx) })
	ends.Go(func() { p.tx, txErr = s.Run(ctx) })
	if p.source.Far != nil {
		others.Go(func() { feed(p.source.Far, p.data, p.sc.slow, feedRand) })
	}
	if p.sink.Far != nil {
		others.Go(func() { got, sinkErr = drain(p.sink.Far, p.sc.slow, drainRand) })
	}
	if p.sc.level == 20 {
		show(p.log, r.Snapshot())
		show(p.log, s.Snapshot())
	}
	late := time.AfterFunc(patience-patience/10, func() { show(p.log, r.Snapshot()); show(p.log, s.Snapshot()) }) // for the log of one that hangs
	ends.Wait()
	late.Stop()
	p.sink.CloseNear()
	p.source.CloseNear() // a writer that is left over gets EPIPE
	others.Wait()
	if p.sink.Far == nil {
		got, sinkErr = p.sink.Content()
	}
	switch {
	case rxErr != nil || txErr != nil || sinkErr != nil:
		return fmt.Errorf("receiver: %v; sender: %v; sink: %v; %d of %d bytes came out", rxErr, txErr, sinkErr,
			len(got), len(p.data))
	case !bytes.Equal(got, p.data):
		return fmt.Errorf("%d bytes came out, %d went in; they differ from byte %d on", len(got), len(p.data),
			differ(got, p.data))
	case p.rx.Bytes != uint64(len(p.data)) || p.tx.Bytes != uint64(len(p.data)):
		return fmt.Errorf("the summaries tell of %d and %d bytes, not %d", p.tx.Bytes, p.rx.Bytes, len(p.data))
	}
	return nil
}

// differ is the first byte that is not the same.
func differ(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}

// feed writes data in random pieces and closes to.
func feed(to io.WriteCloser, data []byte, slow bool, r *rand.Rand) {
	defer to.Close()
	for len(data) > 0 {
		n := min(len(data), 1+r.IntN(64<<10))
		if r.IntN(4) == 0 {
			n = min(len(data), 1+r.IntN(100))
		}
		if _, err := to.Write(data[:n]); err != nil {
			return
		}
		data = data[n:]
		pause(slow, r)
	}
}

// drain reads in random pieces until the end.
func drain(from io.Reader, slow bool, r *rand.Rand) ([]byte, error) {
	var got []byte
	b := make([]byte, 64<<10)
	for {
		n, err := from.Read(b[:1+r.IntN(len(b))])
		got = append(got, b[:n]...)
		if errors.Is(err, io.EOF) {
			return got, nil
		}
		if err != nil {
			return got, err
		}
		pause(slow, r)
	}
}

// pause is a writer or consumer that has something else to do now and then.
func pause(slow bool, r *rand.Rand) {
	if slow && r.IntN(8) == 0 {
		time.Sleep(time.Duration(r.IntN(3000)) * time.Microsecond)
	}
}

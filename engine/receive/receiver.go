package receive

import (
	"cmp"
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"viamillipede/engine/doors"
	"viamillipede/engine/internal/chore"
	"viamillipede/engine/internal/stream"
	"viamillipede/engine/observe"
	"viamillipede/engine/receive/decode"
	"viamillipede/engine/receive/egress"
	"viamillipede/engine/receive/fate"
	"viamillipede/engine/receive/inspect"
	"viamillipede/engine/receive/store"
	"viamillipede/engine/resume"
	"viamillipede/engine/schedule"
	"viamillipede/engine/sealed"
	"viamillipede/engine/ways"
	"viamillipede/engine/wire"
	"viamillipede/engine/wire1/inflow"
	"viamillipede/netio"
	"viamillipede/netio/sockstats"
)

// Receiver is one stream's receiving end. It serves one stream and no other.
type Receiver struct {
	life      stream.Life
	cfg       stream.ReceiveSetup
	observer  observe.Observer
	time      schedule.Timing
	transport stream.Transport
	id        uint64 // tells this receiver from any other that a sender may find in its place

	loops []*rxloop
	out   egress.Delivery
	test  *inspect.Inspection // for a test stream; nil: any stream
	had   *resume.Reach       // what the sink has already; nil: nothing counts
	coded decode.Decoding     // what becomes of coded legs

	store store.Store
	fate  fate.Fate

	doors  doors.Entrance  // nil: it dials
	dialer *ways.Dialer    // nil: it listens
	first  inflow.Receiver // a stream of version 1, if there is one
	placed bool            // where the loops of one that dials run is decided; guarded by Life.Repinning
	gone   chan struct{}   // closed when Run returns

	tenure doors.Tenure               // whose stream it is; guarded by Life.Mu, as is all below
	latest wire.StreamID              // the last stream tried; its bad legs are remembered until another one is tried
	links  map[uint32]*rxlink         // by index; the latest of each
	hosts  map[string]bool            // where admitted links came from
	ways   map[doors.WayID]*doors.Way // the ways by which they came
	left   map[int]observe.LinkStatus // links that were lost and have not come back, by index
	moved  uint64                     // links, from loop to loop
}

// New checks the configuration, opens the sink and, unless there are paths to dial, listens: at a port of its own, or at doors that are
// there, if they are not nil. Nobody is admitted before Run, which the caller calls once. Errors are of type *stream.Error.
func New(c stream.ReceiveSetup, at doors.Entrance) (*Receiver, error) {
	c.Setup = sealed.Links(c.WithDefaults(len(c.Paths)))
	c.Options = c.WithinMeans(c.Observer)
	c.Name = cmp.Or(c.Name, "standard output")
	c.Leg = cmp.Or(c.Leg, min(stream.MaxLeg, int(c.Window/stream.LegsLeast)/stream.MinLeg*stream.MinLeg))
	if err := c.Check(); err != nil {
		return nil, err
	}
	loops := c.Loops()
	t, err := c.Afford(stream.Receiving, loops, len(c.Paths), c.Observer)
	if err != nil {
		return nil, err
	}
	r := &Receiver{
		cfg: c, observer: c.Observer, time: c.Timing, transport: c.Transport,
		links: make(map[uint32]*rxlink), left: make(map[int]observe.LinkStatus), hosts: make(map[string]bool), ways: make(map[doors.WayID]*doors.Way),
		gone: make(chan struct{}),
	}
	r.fate.Life, r.fate.Setup, r.fate.Tenure, r.fate.Whole, r.store.Fail = &r.life, &r.cfg, &r.tenure, r.whole, r.life.Fail
	r.life.Live(receiveEnd{r}, c.Observer, c.Timing, fate.Lingers(c), c.Timing.Farewell)
	r.life.SetGiveup(c.Giveup)
	r.tenure = doors.NewTenure("sender")
	var first wire.StreamID
	if err = netio.Random(first[:]); err != nil {
		return nil, stream.Fail(stream.StatusLocalPipe, err, "cannot make an id")
	}
	r.first, r.doors, r.id = r.newFirst(first), at, cmp.Or(c.Pair, first).Receiver()
	return r, r.open(loops, t)
}

func (r *Receiver) open(loops int, t stream.Thrift) error {
	sink, err := netio.OpenSink(r.cfg.Sink, stream.TraceTo(r.observer))
	if err != nil {
		return stream.Fail(stream.StatusLocalPipe, err, "cannot use %s", r.cfg.Name)
	}
	if r.cfg.PRBS {
		r.test = inspect.New(r.cfg.Seed)
	}
	r.out.Open(sink, t.Pipes, egress.Config{
		Name: r.cfg.Name, Own: r.cfg.Own, Whole: r.cfg.Whole, Consumer: r.cfg.Consumer,
		Copies: r.copies(), Early: r.cfg.Early, Farewell: r.time.Farewell, Over: r.life.Over, Observer: r.observer,
		Fail: r.life.Fail, Complete: receiveEnd{r}.complete, Resume: r.deliverSoon, Lapses: r.cfg.Lapses,
	})
	r.coded.Open(decode.Config{
		Own: r.cfg.Chain, Loops: r.cfg.Means.Loops, Out: &r.out, Inspect: r.inspect, Fail: r.life.Fail, Observer: r.observer,
	})
	if r.cfg.Resume && r.cfg.Own {
		if r.had, err = resume.Open(r.cfg.Sink, r.answerAll, r.observer); err != nil {
			r.close()
			return stream.Fail(stream.StatusLocalPipe, err, "cannot read %s", r.cfg.Name)
		}
	}
	at := r.cfg.Place(stream.Receiving, stream.Devices(r.transport.DeviceAt(r.cfg.Bind)), loops)
	r.life.Placed.Store(at)
	if len(r.cfg.Paths) > 0 {
		r.dialer = r.newDialer()
		r.fate.Dialer = r.dialer
	} else if err := r.listen(len(at.CPUs), t.Seats); err != nil {
		r.close()
		return err
	}
	for i, cpu := range at.CPUs {
		if err := r.addLoop(i, cpu); err != nil {
			if r.doors != nil {
				r.doors.Close()
			}
			r.close()
			return stream.Fail(stream.StatusLocalPipe, err, "cannot start")
		}
	}
	reception{r}.steer()
	return nil
}

// listen opens the port, with so many listeners, for so many links and guests.
func (r *Receiver) listen(listeners, seats int) error {
	if r.doors == nil {
		d, err := doors.Open(doors.Config{
			Port: r.cfg.Port, Bind: r.cfg.Bind, Listeners: listeners, Seats: seats, Phrase: r.cfg.Phrase, Time: r.time, Network: r.transport, Key: r.cfg.Key, Observer: r.observer,
		})
		if err != nil {
			return stream.Fail(stream.StatusConnect, err, "cannot listen on port %d", r.cfg.Port)
		}
		r.doors = d
	}
	r.id, r.fate.Doors = r.doors.ReceiverID(), r.doors
	r.doors.Join(reception{r})
	return nil
}

// errInspects is why nothing is spliced to the sink.
var errInspects = errors.New("prbs needs every byte")

// copies is why every leg is copied on its way to the sink; nil: it need not be.
func (r *Receiver) copies() error {
	switch {
	case r.test != nil:
		return errInspects
	case r.cfg.IO == "copy":
		return observe.ErrAsked
	}
	return sealed.WhyCopy(r.cfg.Options)
}

// deliverSoon has some loop deliver in a round of its own.
func (r *Receiver) deliverSoon() {
	first := r.loops[0]
	first.Post(first.deliver)
}

func (r *Receiver) addLoop(i, cpu int) error {
	l, err := r.life.OpenLoop(i, cpu)
	if err != nil {
		return err
	}
	t := &rxloop{LinkLoop: stream.NewLinkLoop[*rxlink](l, r.cfg.LinkSums), r: r, pipe: r.out.Pipe()}
	l.Tick, l.After = t.tick, t.endRound
	r.loops, r.life.Workers = append(r.loops, t), append(r.life.Workers, t)
	if i > 0 {
		return nil // only one loop waits for the sink
	}
	return r.out.WatchAt(l, t)
}

func (r *Receiver) close() {
	for _, l := range r.loops {
		l.Close()
		r.out.TakeBack(l.pipe)
	}
	r.out.Close()
	r.had.Close()
	r.coded.Close()
	r.store.Close(r.observer)
}

// Snapshot is how this end stands. Any goroutine may call it at any time; it takes as long as the busiest loop needs to answer.
func (r *Receiver) Snapshot() observe.Snapshot { return r.life.Snapshot() }

// Summary is what the stream has done until now, or until its end. Any goroutine may call it while Run runs.
func (r *Receiver) Summary() observe.Summary { return r.life.Summary() }

// Progress is how many bytes were written to the sink, and for how long there have been links; it costs next to nothing. Any
// goroutine may call it.
func (r *Receiver) Progress() (bytes uint64, elapsed time.Duration) { return r.life.Progress() }

// Run receives the stream and returns when all of it is delivered (nil), the stream has failed (*stream.Error), or ctx has ended.
// In the last case the error is the cause of ctx's end, if that is an *stream.Error. The consumer sees a regular end only if all
// of the stream was delivered.
func (r *Receiver) Run(ctx context.Context) (sum observe.Summary, err error) {
	defer close(r.gone)
	defer stream.Caught("the end", r.observer, func(e *stream.Error) { err = e })
	r.life.Begin(time.Now(), len(r.cfg.Paths))
	opened := observe.ReceiverOpened{
		Addr: r.Addr(), Sink: r.out.String(), EnginePath: receiveEnd{r}.enginePath(), Placement: r.life.Placed.Load().Data(), Paths: len(r.cfg.Paths),
	}
	if r.dialer != nil {
		opened.Links = r.dialer.Links()
	}
	observe.Tell(r.observer, opened)
	defer r.cfg.Means.SpareCPUs(len(r.loops))()
	defer r.life.Run()()
	var door sync.WaitGroup
	guests, turnOut := context.WithCancel(context.Background())
	door.Go(func() {
		defer r.life.Caught("door")
		if r.dialer != nil {
			r.dial(guests)
			return
		}
		r.doors.Accept(guests, reception{r})
	})
	r.life.Measure(guests, r.cfg.SockStats, r.time.Hello, r.sockets)
	r.life.Supervise(ctx)
	said := r.life.Insist(ctx)
	turnOut()
	door.Wait()
	if !said {
		r.life.Farewell()
	}
	sum, done := r.life.Leave(r.tidy)
	if !done {
		r.cutWithin(schedule.HaltMost)
	}
	return sum, r.life.Err
}

// tidy releases everything, once the loops and their links have ended.
func (r *Receiver) tidy() {
	r.out.CutOff()
	r.close()
}

// Cut makes a file that the stream goes to end with what has been delivered, and stops all writing to it. It is for a program
// that ends at once, and does not wait for Run. It returns after atMost, whatever the file does. Any goroutine may call it.
func (r *Receiver) Cut(atMost time.Duration) {
	if !r.life.Curtain.Look(func() { r.cutWithin(atMost) }) {
		chore.AwaitAll(r.gone, 1, atMost) // Run is about to do it, or has done it
	}
}

// cutWithin does the work of Cut, at the end of Run too.
func (r *Receiver) cutWithin(atMost time.Duration) {
	cut := make(chan struct{}, 1)
	go func() {
		defer stream.Caught("the end of a file", r.observer, func(*stream.Error) {})
		r.out.Seal(atMost / 2)
		r.out.CutOff()
		cut <- struct{}{}
	}()
	chore.AwaitAll(cut, 1, atMost)
}

// Addr is the address that senders have to connect to; the kernel chooses its port if ReceiveConfig.Port is 0. It is nil where the
// receiver dials.
func (r *Receiver) Addr() net.Addr {
	if r.doors == nil {
		return nil
	}
	return r.doors.Addr()
}

// Exit is the status of the program that has made the stream, once that is received; 0: it is 0, or is not told.
func (r *Receiver) Exit() int { return r.out.Exit() }

// Doors are where it listens, so that a sender can be called there too; nil: it dials.
func (r *Receiver) Doors() doors.Entrance { return r.doors }

// sockets tells whose statistics are wanted: at once, since a receiver usually has to wait for its sender anyway.
func (r *Receiver) sockets(context.Context) (sockstats.Config, bool) {
	return ways.Sockets(r.Addr(), r.cfg.Paths), true
}

package outflow

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/observe"
	"viamillipede/engine/schedule"
	"viamillipede/engine/wire1"
	"viamillipede/netio"
)

// Sender is one stream's sending end.
type Sender struct {
	cfg      stream.SendSetup
	observer observe.Observer
	links    []*link

	source *netio.Source
	sized  bool         // the source is a file
	was    netio.Stamp  // then, what it was at the start
	vigil  *netio.Vigil // of the reader
	stock  stock
	legs   chan *leg     // from the reader, which closes it at the end of the source, to the links
	out    chan struct{} // closed when the stream has failed or ended

	bytes   atomic.Uint64 // read from the source
	numbers atomic.Uint64 // legs made
	said    atomic.Bool   // the end is said, or about to be
	lost    atomic.Uint64 // links

	mu      sync.Mutex
	started time.Time     // when Run began; guarded by mu, as is all below
	first   time.Time     // when all links were up
	ended   time.Time     // when the stream was over
	err     *stream.Error // why it failed
}

// errLinks is why there are fewer links than the user wants.
var errLinks = fmt.Errorf("version 1 of the wire has %d at most", wire1.MaxLinks)

// New checks the configuration and opens the source; nobody is met before Run, which the caller calls once. There have to be paths.
func New(c stream.SendSetup) (*Sender, error) {
	c.Setup = c.WithDefaults(len(c.Paths))
	c.Options = c.WithinMeans(c.Observer)
	c.Name = cmp.Or(c.Name, "standard input")
	c.Leg = min(cmp.Or(c.Leg, min(stream.DefaultLeg, int(c.Window/2)/stream.MinLeg*stream.MinLeg)), wire1.MaxLeg)
	if n := len(c.Paths); n < 1 || n > wire1.MaxLinks {
		return nil, stream.Fail(stream.StatusUsage, nil, "%d paths, expected 1 to %d: each needs a link", n, wire1.MaxLinks)
	}
	if c.Key != nil {
		return nil, stream.Fail(stream.StatusUsage, nil, "a key, which version 1 of the wire cannot seal with")
	}
	if err := c.Check(); err != nil {
		return nil, err
	}
	if c.Threads > wire1.MaxLinks {
		observe.Tell(c.Observer, observe.LinksCut{Links: wire1.MaxLinks, Wanted: c.Threads, Err: errLinks})
		c.Threads = wire1.MaxLinks
	}
	if _, err := c.Afford(stream.Sending, 1, len(c.Paths), c.Observer); err != nil {
		return nil, err
	}
	s := &Sender{cfg: c, observer: c.Observer, legs: make(chan *leg), out: make(chan struct{})}
	for i := range max(c.Threads, len(c.Paths)) {
		s.links = append(s.links, newLink(s, i, i%len(c.Paths)))
	}
	s.stock.open(c.Leg, min(len(s.links)+2, max(1, int(c.Window/int64(c.Leg)))))
	if err := s.open(); err != nil {
		s.close()
		return nil, stream.Fail(stream.StatusLocalPipe, err, "cannot use %s", c.Name)
	}
	return s, nil
}

// open acquires what the stream needs on this machine.
func (s *Sender) open() (err error) {
	if s.source, err = netio.OpenSource(s.cfg.Source, stream.TraceTo(s.observer)); err != nil {
		return err
	}
	s.was, _ = s.source.Stamp() // before its length
	_, _, s.sized = s.source.Extent()
	s.vigil, err = s.source.Vigil()
	return err
}

// close is the counterpart.
func (s *Sender) close() {
	if s.vigil != nil {
		s.vigil.Close()
	}
	if s.source != nil {
		s.source.Close()
	}
}

// Run sends the stream. It returns nil when the peer's kernel has all of it; an *stream.Error when the stream has failed, which is the
// cause of ctx's end if that was it.
func (s *Sender) Run(ctx context.Context) (sum observe.Summary, err error) {
	s.mu.Lock()
	s.started = time.Now()
	s.mu.Unlock()
	observe.Tell(s.observer, observe.SenderOpened{Links: len(s.links), Paths: len(s.cfg.Paths), Leg: int64(s.cfg.Leg), Window: s.cfg.Window})
	forget := context.AfterFunc(ctx, func() { s.fail(stream.Stopped(ctx)) })
	defer forget()
	s.send()
	if fault := s.failure(); fault != nil {
		return s.Summary(), fault
	}
	return s.Summary(), nil
}

// send is Run, without its result.
func (s *Sender) send() {
	var beside sync.WaitGroup
	defer s.part(&beside)
	defer s.caught("the end")
	if !s.meet() {
		return
	}
	observe.Tell(s.observer, observe.FirstWire{Sender: true})
	beside.Go(s.read)
	beside.Go(s.watch)
	s.carry()
	s.conclude()
}

// part ends what is left of the stream, once nothing more is to be said: the links, and the goroutines beside them. A reader whose call
// on the source does not return stays behind, with what it uses.
func (s *Sender) part(beside *sync.WaitGroup) {
	s.finish(nil)
	for _, k := range s.links {
		k.end()
	}
	gone := make(chan struct{})
	go func() { beside.Wait(); close(gone) }()
	late := time.NewTimer(schedule.HaltMost)
	defer late.Stop()
	select {
	case <-gone:
		s.close()
	case <-late.C:
	}
}

// fail ends the stream with an error, unless it has ended before.
func (s *Sender) fail(err *stream.Error) { s.finish(err) }

// finish ends the stream, unless it has ended before: nobody waits for a link or the source any more.
func (s *Sender) finish(err *stream.Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ended.IsZero() {
		return
	}
	s.ended, s.err = time.Now(), err
	close(s.out)
	s.vigil.Stop()
	for _, k := range s.links {
		k.stop()
	}
}

// failure is why the stream has failed; nil: it has not.
func (s *Sender) failure() *stream.Error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// over reports whether the stream has failed or ended.
func (s *Sender) over() bool {
	select {
	case <-s.out:
		return true
	default:
		return false
	}
}

// refuse ends the stream for what is wrong with its source.
func (s *Sender) refuse(err error) {
	if e, ok := errors.AsType[*stream.Error](err); ok {
		s.fail(e)
		return
	}
	s.fail(stream.Fail(stream.StatusLocalPipe, err, "cannot read %s", s.cfg.Name))
}

// caught is for the goroutines of the stream to defer.
func (s *Sender) caught(where string) {
	if p := recover(); p != nil {
		s.fail(stream.Faulted(where, p, s.observer))
	}
}

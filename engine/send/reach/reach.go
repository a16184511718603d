package reach

import (
	"context"
	"net"
	"sync/atomic"
	"time"

	"viamillipede/engine/doors"
	"viamillipede/engine/internal/chore"
	"viamillipede/engine/internal/stream"
	"viamillipede/engine/loop"
	"viamillipede/engine/observe"
	"viamillipede/engine/schedule"
	"viamillipede/engine/tune"
	"viamillipede/engine/ways"
	"viamillipede/engine/wire"
	"viamillipede/netio"
	"viamillipede/netio/sockstats"
)

// Roads are the paths of a sender, and what is known of its links on them: a ways.Dialer's, or ways.Called.
type Roads interface {
	Paths() []*ways.Path
	Links() int
	Home(link int) *ways.Path
	State(link int) observe.State
	LinkUp(p *ways.Path) (first bool)
	LinkDown(p *ways.Path) (last bool)
	FirstUp() <-chan struct{}
	Others(p *ways.Path) bool
	Working() []string
	Answers() ways.Answers
	Hint(p *ways.Path, q netio.Queue)
	Summaries(elapsed time.Duration, held []time.Duration) []observe.PathSummary
	Statuses(sums []observe.PathSummary, links []observe.LinkStatus) []observe.PathStatus
}

// Reach is a sender's.
type Reach struct {
	Roads
	cfg    Config
	placed bool           // where the loops run is decided; guarded by Life.Repinning
	dialer *ways.Dialer   // nil: it listens
	hall   *Hall          // nil: it dials
	doors  doors.Entrance // likewise
	shared bool           // they were there, and are others', too
}

// Config is what it works with.
type Config struct {
	Sender Sender
	Life   *stream.Life
	Setup  *stream.SendSetup
	Begun  *atomic.Bool // the receiver has a leg
	Loops  int
	Seats  int // for links and guests, where it listens at doors of its own
	Trace  netio.Tracer
}

// Sender is the sending end.
type Sender interface {
	// Hello is what a link says, without what is about the link.
	Hello() wire.Hello
	// Stream is the id of the stream.
	Stream() wire.StreamID
	// Welcome handles the receiver's welcome. ways.ErrOther: this is not the stream's receiver. Any other error says what is wrong with it.
	Welcome(wire.Welcome) error
	// Begin makes ready for a receiver with other paths than the one before. There is no link.
	Begin(paths []*ways.Path)
	// Spill is what the receiver wants of a path, given by its order.
	Spill(path int, spill time.Duration)
	// Repace divides another rate than before among the links of a path.
	Repace(p *ways.Path)
	// Connected makes a link of a connection on which it was welcomed.
	Connected(ways.Contact) ways.Link
	// LoopOf is the loop of a link.
	LoopOf(link int) *loop.Loop
	// Replaced ends a link whose receiver has dialled it again; on its loop's thread.
	Replaced(ways.Link)
	// TurnOut ends all links.
	TurnOut(why error)
	// Strand ends the links whose device has gone.
	Strand()
	// Arrived is how many bytes the receiver has; it was met.
	Arrived() uint64
}

// New makes it dial, if there are paths, or else listen: at doors that are there, such as those of a receiver of this process, or at its
// own if they are nil.
func New(c Config, at doors.Entrance) (*Reach, error) {
	r := &Reach{cfg: c}
	if len(c.Setup.Paths) > 0 {
		r.dialer = r.newDialer()
		r.Roads = r.dialer
		return r, nil
	}
	if r.doors, r.shared = at, at != nil; !r.shared {
		d, err := doors.Open(doors.Config{
			Port: c.Setup.Port, Bind: c.Setup.Bind, Listeners: c.Loops, Seats: c.Seats, Time: c.Setup.Timing, Network: c.Setup.Transport,
			Key: c.Setup.Key, Observer: c.Setup.Observer,
		})
		if err != nil {
			return nil, stream.Fail(stream.StatusConnect, err, "cannot listen on port %d", c.Setup.Port)
		}
		r.doors = d
	}
	called := ways.NewCalled(c.Setup.Observer)
	r.Roads, r.hall = called, newHall(r, called)
	r.doors.Join(r.hall)
	return r, nil
}

// Quit is for a sender that does not begin.
func (r *Reach) Quit() {
	switch {
	case r.doors == nil:
	case r.shared:
		r.doors.Quit(r.hall)
	default:
		r.doors.Close()
	}
}

// Keep has links come up until ctx ends.
func (r *Reach) Keep(ctx context.Context) {
	if r.Dials() {
		r.dialer.Start(ctx, r.cfg.Sender.LoopOf)
		r.dialer.Wait()
		return
	}
	hints := make(chan struct{})
	go func() {
		defer close(hints)
		defer r.cfg.Life.Caught("hint")
		r.hall.called.TellHints(ctx)
	}()
	r.doors.Accept(ctx, r.hall)
	<-hints
}

// Dials reports whether the sender dials.
func (r *Reach) Dials() bool { return r.dialer != nil }

// Tuned are the paths as the user may change them; nil: the sender listens.
func (r *Reach) Tuned() tune.Roads {
	if r.dialer == nil {
		return nil
	}
	return r.dialer
}

// Own makes the receiver that is there the only one: it has a leg, or has said what is in its file. It is called before the link that said
// so can have ended.
func (r *Reach) Own() {
	if r.hall != nil {
		r.hall.own()
	}
}

// Addr is where the sender listens; nil: it dials.
func (r *Reach) Addr() net.Addr {
	if r.doors == nil {
		return nil
	}
	return r.doors.Addr()
}

// Refused is how many connections were refused at doors of its own.
func (r *Reach) Refused() uint64 {
	if r.doors == nil || r.shared {
		return 0
	}
	return r.doors.Refused()
}

// Report tells the user now and then how many connections were refused without a line of their own.
func (r *Reach) Report(now time.Time) {
	if r.doors != nil && !r.shared {
		r.doors.Report(now)
	}
}

// EndingOf is what the end of a link says of the receiver: nothing, if this end dials, since it will ask again.
func (r *Reach) EndingOf(k *stream.Link, err error) schedule.Ending {
	if r.Dials() {
		return schedule.EndNoSign
	}
	return stream.EndingOf(err, k.Told)
}

// Sockets tells whose statistics are wanted, once they are worth it; false if ctx ends before.
func (r *Reach) Sockets(ctx context.Context) (c sockstats.Config, ok bool) {
	select {
	case <-r.FirstUp():
		chore.Sleep(ctx, schedule.GaugeAfter)
	case <-ctx.Done():
	}
	return ways.Sockets(r.Addr(), r.cfg.Setup.Paths), ctx.Err() == nil
}

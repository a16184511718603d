// Package doors is where connections come in to an end that listens: one becomes a link of its stream, or is refused. The ends of two
// streams, one that receives and one that sends, may share a port.
//
//	doors.go      a listener's goroutine takes the connection
//	seats.go      it gets a seat, maybe somebody else's
//	prove.go      it shows that it has the key, where there is one
//	hear.go       what it says first is read: a hello is for the end that receives, a call for the one that sends
//	first.go      or it speaks version 1 of the wire, and is served until it ends
//	entrance.go   these ends find guests here, of one port or, where it serves many peers, of one of them
//	tenants.go    these ends, who come and go
//	answer.go     the end decides, the guest is answered, and becomes a link
//	strangers.go  the user is told of those that were refused
//	tenure.go     whose stream it is: that of the first to bring a leg, or to take one
//	way.go        what links between the same two addresses share
//	shut.go       nobody comes in, while the local address is missing
package doors

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"

	"viamillipede/engine/internal/chore"
	"viamillipede/engine/internal/stream"
	"viamillipede/engine/observe"
	"viamillipede/engine/schedule"
	"viamillipede/engine/seal"
	"viamillipede/netio"
	"viamillipede/netio/dial"
)

// Doors is a port, with several listeners. Every connection that comes in is a guest until it has said what it is, and then becomes a
// link of a tenant's stream or is refused. Methods may be called from any goroutine.
type Doors struct {
	cfg       Config
	id        uint64
	seats     seats
	strangers doorman

	Tenants
	house House // the Tenants, or that of the configuration

	mu      sync.Mutex
	door    stream.Door        // guarded by mu, as is all below
	cpus    int                // as Steer was last called; 0: it was not
	owner   func(cpu int) int  // likewise
	stop    context.CancelFunc // ends the goroutine that keeps the door; nil: it was not started
	stopped chan struct{}      // closed when it has ended
}

// Config is what doors have to know.
type Config struct {
	Port      uint16     // 0: the kernel chooses one, which is then kept
	Bind      netip.Addr // the local address; the zero Addr is any
	Listeners int
	Seats     int     // links and guests that may be there at the same time
	Guests    int     // of those, guests; 0: stream.GuestsMost
	House     House   // whom guests are for; nil: whoever joins
	Phrase    [4]byte // by which a sender of version 1 is known; all zero: that version's own
	Time      schedule.Timing
	Network   Network
	Key       *seal.Key // links are sealed with it; nil: they are in the clear
	Observer  observe.Observer
}

// Network is what doors need of a stream.Transport.
type Network interface {
	Listen(ctx context.Context, port uint16, listeners int) (stream.Door, error)
	Watch(ctx context.Context, changed func()) error
}

// Open opens the port. A local address that does not exist yet is waited for, like that of an end that dials; any other error is final.
// Nobody is let in before a tenant has joined, and calls Accept.
func Open(c Config) (*Doors, error) {
	d := &Doors{cfg: c, house: c.House}
	d.cfg.Guests = cmp.Or(c.Guests, stream.GuestsMost)
	if d.house == nil {
		d.house = &d.Tenants
	}
	var err error
	if d.id, err = netio.RandomID(); err != nil {
		return nil, err
	}
	door, err := c.Network.Listen(context.Background(), c.Port, c.Listeners)
	switch {
	case err == nil:
		d.set(door)
	case c.Bind.IsValid() && dial.NotThere(err):
		d.set(shut{c.Port, c.Bind, err})
	default:
		return nil, err
	}
	return d, nil
}

// set makes a door the one through which connections come in.
func (d *Doors) set(door stream.Door) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.door = door
	if a, ok := door.Listeners()[0].Addr().(*net.TCPAddr); ok {
		d.cfg.Port = uint16(a.Port) // senders know it by now
	}
}

// current is the door through which connections come in now.
func (d *Doors) current() stream.Door {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.door
}

// ReceiverID tells the process that listens here from any other that a sender may find in its place.
func (d *Doors) ReceiverID() uint64 { return d.id }

// Addr is the address that peers have to connect to.
func (d *Doors) Addr() net.Addr { return d.current().Listeners()[0].Addr() }

// Close ends all listeners, if no tenant has called Accept.
func (d *Doors) Close() { d.current().Close() }

// Steer makes a connection that begins on CPU c, 0 to cpus-1, come in at the listener whose index owner returns, or at any if that
// is -1. This holds for listeners that are opened later, too.
func (d *Doors) Steer(cpus int, owner func(cpu int) int) {
	d.mu.Lock()
	d.cpus, d.owner = cpus, owner
	d.mu.Unlock()
	d.steerAgain()
}

func (d *Doors) steerAgain() {
	d.mu.Lock()
	door, cpus, owner := d.door, d.cpus, d.owner
	d.mu.Unlock()
	if cpus > 0 {
		observe.Tell(d.cfg.Observer, observe.LinksSteered{Steering: door.Steer(cpus, owner)})
	}
}

// Refused is how many connections were refused.
func (d *Doors) Refused() uint64 { return d.strangers.count() }

// Report tells the user now and then how many connections were refused without a line of their own.
func (d *Doors) Report(now time.Time) { d.strangers.report(d.cfg.Observer, now, d.cfg.Time.TellAgain) }

// Accept lets guests in for a host that has joined, until ctx has ended and every one of them has left. The last host to leave closes
// the port.
func (d *Doors) Accept(ctx context.Context, h Host) {
	stop, stopped := d.start()
	if d.Stay(ctx, h) {
		stop()
		<-stopped
	}
}

// start has guests let in, unless they are.
func (d *Doors) start() (stop context.CancelFunc, stopped <-chan struct{}) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.stop != nil {
		return d.stop, d.stopped
	}
	standing, end := context.WithCancel(context.Background())
	ended := make(chan struct{})
	d.stop, d.stopped = end, ended
	go func() {
		defer close(ended)
		d.Keep(standing)
	}()
	return end, ended
}

// Keep lets guests in until ctx has ended and every guest has left, and closes the port. It is for a house, whose hosts never call Accept.
func (d *Doors) Keep(ctx context.Context) {
	defer d.caught("door")
	d.stay(ctx)
}

// stay lets guests in, until ctx has ended and every guest has left.
//
// A listener may be ended from outside: an administrator's SOCK_DESTROY hits it if the connection that it is meant for has just
// gone (sock_diag(7)). Then all are opened anew, because the others would not be asked in its place. The same happens when the
// device of a link-local address was made anew (shut.go).
func (d *Doors) stay(ctx context.Context) {
	var guests sync.WaitGroup
	defer guests.Wait()
	changed := make(chan struct{}, 1)
	guests.Go(func() {
		defer d.caught("door")
		d.watch(ctx, changed)
	})
	for door := d.current(); door != nil; door = d.openAgain(ctx, changed) {
		stop := context.AfterFunc(ctx, func() { door.Close() })
		err := d.stand(ctx, door, &guests)
		stop()
		if ctx.Err() != nil {
			return
		}
		observe.Tell(d.cfg.Observer, observe.ListenerFailed{Err: err})
	}
}

// caught is for the goroutines of the doors to defer.
func (d *Doors) caught(where string) {
	if p := recover(); p != nil {
		d.house.Fail(stream.Faulted(where, p, d.cfg.Observer))
	}
}

// errNoAddress is why a connection is not taken: the kernel lacked the memory to say where it leads.
var errNoAddress = errors.New("a connection without an address")

// stand accepts connections at all listeners until one of them is no longer of use, and then closes them all.
func (d *Doors) stand(ctx context.Context, door stream.Door, guests *sync.WaitGroup) error {
	listeners := door.Listeners()
	ends := make(chan error, len(listeners))
	for i, l := range listeners {
		go func() {
			err := stream.ErrFault
			defer func() { ends <- err }()
			defer d.caught("door")
			err = d.acceptAt(ctx, i, l, guests)
		}()
	}
	err := <-ends
	door.Close()
	for range len(listeners) - 1 {
		<-ends
	}
	return err
}

// acceptAt accepts the connections of one listener until that is no longer of use.
func (d *Doors) acceptAt(ctx context.Context, at int, l net.Listener, guests *sync.WaitGroup) error {
	for {
		c, err := l.Accept()
		switch {
		case err == nil && c.LocalAddr() != nil && c.RemoteAddr() != nil:
			d.letIn(ctx, at, c, guests)
		case err == nil: // the kernel had no memory to say
			observe.Tell(d.cfg.Observer, observe.AcceptFailed{Err: errNoAddress})
			c.Close()
		case ctx.Err() != nil || dial.ListenerGone(err):
			return err
		default: // out of descriptors, or the connection is gone already
			observe.Tell(d.cfg.Observer, observe.AcceptFailed{Err: err})
			chore.Sleep(ctx, d.cfg.Time.Backoff)
		}
	}
}

// letIn gives a connection a seat, and a goroutine that hears it.
func (d *Doors) letIn(ctx context.Context, at int, c net.Conn, guests *sync.WaitGroup) {
	most := d.seatsForGuests()
	g, gone := d.seats.take(c, d.house.Expects(c.RemoteAddr()), most)
	if g == nil {
		observe.Tell(d.cfg.Observer, observe.NoRoom{From: c.RemoteAddr(), Err: stream.ErrFewFiles})
		c.Close()
		return
	}
	if gone != nil {
		why := errFull
		if most < d.cfg.Guests {
			why = errFewSeats // which may befall a link of the very sender that is waited for
		}
		d.strangers.refuse(d.cfg.Observer, gone.c.RemoteAddr(), why)
		gone.c.Close()
	}
	guests.Go(func() {
		defer d.seats.leave(g)
		defer d.caught("guest")
		heard := false
		defer func() {
			if !heard {
				c.Close()
			}
		}()
		d.hear(ctx, at, g)
		heard = true
	})
}

// seatsForGuests is how many guests there may be beside the links: fewer if descriptors are few. A connection that is not let in
// is closed without an answer, which its sender does not take for a refusal.
func (d *Doors) seatsForGuests() int { return min(d.cfg.Guests, d.cfg.Seats-d.house.LinksUp()) }

package doors

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"

	"viamillipede/engine/internal/chore"
	"viamillipede/engine/internal/stream"
	"viamillipede/engine/observe"
	"viamillipede/engine/schedule"
	"viamillipede/netio/dial"
)

// shut stands for the door of a receiver whose local address, or its device, does not exist now: nobody comes in. It is stale at once,
// so that the door is opened again as soon as possible.
type shut struct {
	port uint16
	bind netip.Addr
	why  error
}

func (s shut) Listeners() []net.Listener { return []net.Listener{s} }
func (s shut) Steer(int, func(cpu int) int) dial.Steering {
	return dial.Steering{Way: dial.SteerHash, Why: errNothingComes}
}

func (s shut) Stale() bool               { return true }
func (s shut) Close() error              { return nil }
func (s shut) Accept() (net.Conn, error) { return nil, net.ErrClosed }
func (s shut) Addr() net.Addr            { return s }
func (s shut) Network() string           { return "tcp" }

// errNothingComes is why a door that is shut steers nothing.
var errNothingComes = errors.New("nothing comes in yet")

// String names it for people.
func (s shut) String() string {
	return fmt.Sprintf("port %d of %v, which is not there", s.port, s.bind)
}

// Shut is why nobody can come in now, because the local address is missing; nil if the port is open.
func (d *Doors) Shut() error {
	if s, absent := d.current().(shut); absent {
		return s.why
	}
	return nil
}

// openAgain opens the port anew, as soon as possible; nil if ctx ends first. changed signals changes of the network.
func (d *Doors) openAgain(ctx context.Context, changed <-chan struct{}) stream.Door {
	told := false
	for ctx.Err() == nil {
		door, err := d.cfg.Network.Listen(ctx, d.cfg.Port, d.cfg.Listeners)
		if err == nil && door.Stale() {
			door.Close()
			continue
		}
		if err == nil {
			d.set(door)
			observe.Tell(d.cfg.Observer, observe.Listening{Addr: d.Addr()})
			d.steerAgain()
			return door
		}
		if absent := dial.NotThere(err); absent && !told {
			told = true
			d.set(shut{d.cfg.Port, d.cfg.Bind, err})
			observe.Tell(d.cfg.Observer, observe.AddressAwaited{Addr: d.cfg.Bind, Err: stream.Cause(err)})
		} else if !absent {
			observe.Tell(d.cfg.Observer, observe.ListenFailed{Err: err})
		}
		chore.SleepUntil(ctx, d.cfg.Time.BackoffMost, changed, nil, nil)
	}
	return nil
}

// watch signals changes of the network on changed, and ends doors at which nothing comes in any more, until ctx ends. A door that
// is not bound to an address needs no watch.
func (d *Doors) watch(ctx context.Context, changed chan<- struct{}) {
	if !d.cfg.Bind.IsValid() {
		return
	}
	err := d.cfg.Network.Watch(ctx, func() {
		if door := d.current(); door.Stale() {
			door.Close()
		}
		select {
		case changed <- struct{}{}:
		default:
		}
		chore.Sleep(ctx, schedule.ChangePause)
	})
	if err != nil && ctx.Err() == nil {
		observe.Tell(d.cfg.Observer, observe.NetworkNotWatched{Err: err})
	}
}

package engine

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"

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

// openFirst opens the port. A local address that does not exist yet is waited for, like a sender's; any other error is final.
func (r *Receiver) openFirst(listeners int) (Door, error) {
	d, err := r.transport.Listen(context.Background(), r.cfg.Port, listeners)
	if err != nil && r.cfg.Bind.IsValid() && dial.NotThere(err) {
		return shut{r.cfg.Port, r.cfg.Bind, err}, nil
	}
	return d, err
}

// openAgain opens the port anew, as soon as possible; nil if ctx ends first. changed signals changes of the network.
func (r *Receiver) openAgain(ctx context.Context, changed <-chan struct{}) Door {
	told := false
	for ctx.Err() == nil {
		d, err := r.transport.Listen(ctx, r.cfg.Port, len(r.loops))
		if err == nil && d.Stale() {
			d.Close()
			continue
		}
		if err == nil {
			r.setDoor(d)
			tell(r.observer, Listening{d.Listeners()[0].Addr()})
			r.steer()
			return d
		}
		if absent := dial.NotThere(err); absent && !told {
			told = true
			r.setDoor(shut{r.cfg.Port, r.cfg.Bind, err})
			tell(r.observer, AddressAwaited{Addr: r.cfg.Bind, Err: cause(err)})
		} else if !absent {
			tell(r.observer, ListenFailed{err})
		}
		sleepUntil(ctx, r.time.BackoffMost, changed, nil, nil)
	}
	return nil
}

func (r *Receiver) setDoor(d Door) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.door = d
}

// watchDoor signals changes of the network on changed, and ends doors at which nothing comes in any more, until ctx ends. A door
// that is not bound to an address needs no watch.
func (r *Receiver) watchDoor(ctx context.Context, changed chan<- struct{}) {
	if !r.cfg.Bind.IsValid() {
		return
	}
	err := r.transport.Watch(ctx, func() {
		if d := r.openDoor(); d.Stale() {
			d.Close()
		}
		select {
		case changed <- struct{}{}:
		default:
		}
		sleep(ctx, schedule.ChangePause)
	})
	if err != nil && ctx.Err() == nil {
		tell(r.observer, NetworkNotWatched{Err: err})
	}
}

package engine

import (
	"context"
	"errors"
	"net"
	"sync"

	"viamillipede/engine/wire"
	"viamillipede/netio/dial"
)

// accept is the door: a goroutine of its own hears each connection, for at most Timing.Hello. accept returns when ctx has ended
// and every guest has left.
//
// A listener may be ended from outside: an administrator's SOCK_DESTROY hits it if the connection that it is meant for has just
// gone (sock_diag(7)). Then all are opened anew, because the others would not be asked in its place. The same happens when the
// device of a link-local address was made anew (shut.go).
func (r *Receiver) accept(ctx context.Context) {
	var guests sync.WaitGroup
	defer guests.Wait()
	seats, changed := &seats{}, make(chan struct{}, 1)
	guests.Go(func() {
		defer r.caught("door")
		r.watchDoor(ctx, changed)
	})
	for d := r.openDoor(); d != nil; d = r.openAgain(ctx, changed) {
		stop := context.AfterFunc(ctx, func() { d.Close() })
		err := r.stand(ctx, d, seats, &guests)
		stop()
		if ctx.Err() != nil {
			return
		}
		tell(r.observer, ListenerFailed{err})
	}
}

// errNoAddress is why a connection is not taken: the kernel lacked the memory to say where it leads.
var errNoAddress = errors.New("a connection without an address")

// stand accepts connections at all listeners until one of them is no longer of use, and then closes them all.
func (r *Receiver) stand(ctx context.Context, d Door, seats *seats, guests *sync.WaitGroup) error {
	listeners := d.Listeners()
	ends := make(chan error, len(listeners))
	for i, l := range listeners {
		go func() {
			err := errFault
			defer func() { ends <- err }()
			defer r.caught("door")
			err = r.greet(ctx, i, l, seats, guests)
		}()
	}
	err := <-ends
	d.Close()
	for range len(listeners) - 1 {
		<-ends
	}
	return err
}

// greet accepts the connections of one listener until that is no longer of use.
func (r *Receiver) greet(ctx context.Context, at int, l net.Listener, seats *seats, guests *sync.WaitGroup) error {
	for {
		c, err := l.Accept()
		switch {
		case err == nil:
		case ctx.Err() != nil || dial.ListenerGone(err):
			return err
		default: // out of descriptors, or the connection is gone already
			tell(r.observer, AcceptFailed{err})
			sleep(ctx, r.time.Backoff)
			continue
		}
		if c.LocalAddr() == nil || c.RemoteAddr() == nil { // the kernel had no memory to say
			tell(r.observer, AcceptFailed{errNoAddress})
			c.Close()
			continue
		}
		g, gone := seats.take(c, r.expects(c.RemoteAddr()), r.seatsForGuests())
		if g == nil {
			tell(r.observer, NoRoom{From: c.RemoteAddr(), Err: errFewFiles})
			c.Close()
			continue
		}
		if gone != nil {
			r.strangers.refuse(r.observer, gone.c.RemoteAddr(), errFull)
			gone.c.Close()
		}
		guests.Go(func() {
			defer seats.leave(g)
			defer r.caught("guest")
			heard := false
			defer func() {
				if !heard {
					c.Close()
				}
			}()
			r.hear(ctx, at, c, func() { seats.spoke(g) })
			heard = true
		})
	}
}

// seatsForGuests is how many guests there may be beside the links: fewer if descriptors are few. A connection that is not let in
// is closed without an answer, which its sender does not take for a refusal.
func (r *Receiver) seatsForGuests() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return min(guestsMost, r.seats-r.up)
}

// openDoor is the door through which connections come in now.
func (r *Receiver) openDoor() Door {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.door
}

// take hands an admitted connection, which came in at the listener with that index, to a loop.
func (r *Receiver) take(h wire.Hello, at int, c net.Conn) {
	path, between := c.RemoteAddr().String(), wayBetween(c)
	conn, err := r.transport.Adopt(c, traceTo(r.observer))
	if err != nil {
		tell(r.observer, LinkNotTaken{Link: int(h.Link), From: path, Err: err})
		r.forgo()
		return
	}
	r.mu.Lock()
	l := r.loopFor(at)
	l.load++
	r.mu.Unlock()
	k := &rxlink{r: r, way: r.wayOf(between), owner: l, linkState: linkState{
		index: int(h.Link), generation: h.Generation, path: path, conn: equip(conn),
	}}
	if !l.Post(func() { r.linkUp(l, k) }) {
		conn.Abort()
		r.neverUp(l)
	}
}

// loopFor is the loop that gets a link which came in at the listener with that index: the listener's own, unless that has its
// share of the links; then the loop with the fewest. Under mu.
func (r *Receiver) loopFor(at int) *rxloop {
	best := r.loops[at]
	if best.load < r.share() {
		return best
	}
	for _, l := range r.loops {
		if l.load < best.load {
			best = l
		}
	}
	return best
}

// share is how many links one loop may have while another has fewer. Under mu.
func (r *Receiver) share() int {
	links := int(max(r.hello.Links, 1))
	return (links + len(r.loops) - 1) / len(r.loops)
}

package outflow

import (
	"errors"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/observe"
	"viamillipede/engine/schedule"
	"viamillipede/engine/wire1"
	"viamillipede/netio"
)

// link is one connection of the stream.
//
//	dialling ---> up ---> gone: closed by the receiver after the end, or the stream is over
//	                +---> lost: the stream fails
type link struct {
	s     *Sender
	index int
	path  int    // its index
	name  string // of the path, for people
	bytes atomic.Uint64
	gone  atomic.Bool    // the receiver has closed it after the end
	hears sync.WaitGroup // listen

	mu      sync.Mutex // not held while Sender.mu is taken
	c       net.Conn   // guarded by mu, as is all below
	up      time.Time  // since when it is answered; zero: it is not
	last    error      // how its last attempt to connect failed
	dropped bool       // it is lost
	acked   uint64     // as last seen by look
	moved   time.Time  // when that changed
	seen    uint64     // bytes, as last seen by look
	looked  time.Time  // when that was
	rate    uint64     // bytes a second, between the last two looks
}

func newLink(s *Sender, index, path int) *link {
	p := s.cfg.Paths[path]
	name := net.JoinHostPort(p.Host, strconv.Itoa(int(p.Port)))
	if via := p.Via.String(); via != "" {
		name += " via " + via
	}
	return &link{s: s, index: index, path: path, name: name}
}

// keepAlive finds a receiver that has gone without a word while there is nothing to send to it.
var keepAlive = net.KeepAliveConfig{Enable: true, Idle: schedule.AliveIdle, Interval: schedule.AlivePause, Count: schedule.AliveMost}

// own makes a connection the link's; false: the stream is over, and nothing more gets through it.
func (k *link) own(c net.Conn) bool {
	k.mu.Lock()
	k.c = c
	k.mu.Unlock()
	if k.s.over() { // else stop finds it
		k.stop()
		return false
	}
	if t, ok := c.(*net.TCPConn); ok {
		_ = t.SetKeepAliveConfig(keepAlive) // if refused, TCP finds it out with the next leg
	}
	return true
}

// conn is its connection; nil: it has none yet.
func (k *link) conn() net.Conn {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.c
}

// stop makes every call on the connection return, now and from now on.
func (k *link) stop() {
	if c := k.conn(); c != nil {
		c.SetDeadline(time.Unix(1, 0))
	}
}

// note keeps why an attempt to connect failed.
func (k *link) note(err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.last = err
}

func (k *link) failed() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.last
}

func (k *link) cameUp() {
	now := time.Now()
	k.mu.Lock()
	k.up, k.moved, k.looked, k.last = now, now, now, nil
	k.mu.Unlock()
	observe.Tell(k.s.observer, observe.LinkUp{Link: k.index, Path: k.name})
}

// carry has all links take legs until the source has ended and the last leg is in a socket, or the stream is over.
func (s *Sender) carry() {
	var all sync.WaitGroup
	for _, k := range s.links {
		k.hears.Go(k.listen)
		all.Go(k.carry)
	}
	all.Wait()
}

// carry takes one leg after the other. The numbers on a link rise, because the reader hands legs out in order.
func (k *link) carry() {
	defer k.s.caught("a link")
	for {
		select {
		case l, more := <-k.s.legs:
			if !more {
				return
			}
			_, err := k.conn().Write(l.buf[:wire1.HeaderLen+l.n])
			if err != nil {
				k.drop(err)
				return
			}
			k.bytes.Add(uint64(l.n))
			k.s.stock.put(l)
		case <-k.s.out:
			return
		}
	}
}

// errSpeaks is why a link is lost whose receiver says more than "ok".
var errSpeaks = errors.New("the receiver speaks, which it does not in version 1 of the wire")

// listen waits for the end of the connection: the receiver says no more.
func (k *link) listen() {
	defer k.s.caught("a link")
	n, err := k.conn().Read(make([]byte, 1))
	switch {
	case n > 0:
		k.drop(errSpeaks)
	case k.s.said.Load() && netio.Closed(err):
		k.gone.Store(true)
	default:
		k.drop(err)
	}
}

// drop notes that the link is lost, with which the stream fails.
func (k *link) drop(err error) {
	if k.s.over() {
		return
	}
	k.mu.Lock()
	before := k.dropped
	k.dropped = true
	k.mu.Unlock()
	if !before {
		k.s.lost.Add(1)
	}
	what := "a link to %s was lost, and nothing can be sent again in version 1 of the wire"
	if k.s.said.Load() {
		what = "a link to %s was lost after the end was said: what the receiver has of the stream is not known"
	}
	k.s.fail(stream.Fail(stream.StatusLost, err, what, k.name))
}

// errSent is why a link ends with a stream that has not failed.
var errSent = errors.New("all is sent")

// end closes the connection, once the stream is over: with a reset where it has failed, so that the receiver fails too.
func (k *link) end() {
	c := k.conn()
	if c == nil {
		return
	}
	why := k.s.failure()
	if t, ok := c.(*net.TCPConn); ok && why != nil {
		_ = t.SetLinger(0)
	}
	c.Close()
	k.hears.Wait()
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.up.IsZero() {
		return
	}
	down := observe.LinkDown{Link: k.index, Path: k.name, Expected: why == nil, Err: errSent}
	if why != nil {
		down.Err = why
	}
	observe.Tell(k.s.observer, down)
}

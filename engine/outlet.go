package engine

import (
	"errors"
	"sync"
	"sync/atomic"

	"viamillipede/engine/loop"
	"viamillipede/netio"
)

// outlet is the watch over the sink: whether it takes more, which links wait for that, and whether its consumer lives. All
// of it changes under one lock, together with what the poller was told, so that the two never differ, whichever threads
// write to the sink, hear of it, and end it.
//
//	          block                     unwatch
//	open    --------->  blocked   open, blocked ---> ended
//	        <---------
//	          unblock
type outlet struct {
	blocked atomic.Bool // changed under mu, and read without it by those who only want a hint

	mu      sync.Mutex
	at      *loop.Loop // that watches; nil: the sink makes nobody wait. Guarded by mu, as is all below
	fd      int
	token   int32
	ended   bool      // nobody is told of the sink any more
	waiters []*rxlink // their legs go on when the sink takes more
}

// errNoWait is why a stream fails whose sink makes nobody wait, and says that it is full.
var errNoWait = errors.New("it is full, and cannot be waited for")

// watch has the loop tell w of the sink. With no events asked for, epoll still reports that the consumer is gone.
func (o *outlet) watch(l *loop.Loop, fd int, w loop.Watcher) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	token, err := l.Watch(fd, 0, w)
	if err != nil {
		return err
	}
	o.at, o.fd, o.token = l, fd, token
	return nil
}

// block has the watcher told when the sink takes more, and the link, unless it is nil. The link is held meanwhile; false is
// that nobody will tell it, since the watch has ended. Errors: that the sink cannot be waited for.
func (o *outlet) block(k *rxlink) (held bool, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.ended:
		return false, nil
	case o.at == nil:
		return false, errNoWait
	}
	if k != nil {
		o.waiters = append(o.waiters, k)
	}
	if o.blocked.Load() {
		return true, nil
	}
	o.blocked.Store(true)
	return true, o.at.Rewatch(o.fd, netio.Writable, o.token)
}

// unblock notes that the sink takes more. It gives the links that wait for that, once, and whether anybody did.
func (o *outlet) unblock() (waiters []*rxlink, was bool, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ended || !o.blocked.Load() {
		return nil, false, nil
	}
	if err := o.at.Rewatch(o.fd, 0, o.token); err != nil {
		return nil, false, err
	}
	waiters, o.waiters = o.waiters, nil
	o.blocked.Store(false)
	return waiters, true, nil
}

// unwatch ends the watch. It gives the links that wait, which have to do without; a second call does nothing.
func (o *outlet) unwatch() (waiters []*rxlink) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ended {
		return nil
	}
	o.ended = true
	o.blocked.Store(false)
	if o.at != nil {
		o.at.Mute(o.fd)
	}
	waiters, o.waiters = o.waiters, nil
	return waiters
}

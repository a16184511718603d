package egress

import (
	"errors"
	"sync"
	"sync/atomic"

	"viamillipede/engine/loop"
	"viamillipede/netio"
)

// outlet is the watch over the sink: whether it takes more, which links wait for that, and whether its consumer lives. All of
// it changes under one lock, together with what the poller is told, so that the two never differ, whichever threads write to
// the sink, hear from it, and end it.
//
//	          block                     unwatch
//	open    --------->  blocked   open, blocked ---> ended
//	        <---------
//	          unblock
type outlet struct {
	blocked atomic.Bool // changed under mu; read without it as a hint

	mu      sync.Mutex
	watcher *loop.Loop // the loop that watches; nil: the sink makes nobody wait. Guarded by mu, as is all below
	fd      int
	token   int32
	ended   bool     // nobody is told about the sink any more
	waiters []Waiter // their legs go on when the sink takes more
	stalled []Waiter // their legs have waited since a call on the sink got stuck
}

// Waiter is a link whose leg waits for the sink.
type Waiter interface {
	// SinkTakes lets the link go on: on its own loop's thread, at once if that is the caller's; nil: the caller is no loop.
	SinkTakes(caller *loop.Loop)
}

// errNoWait is why a stream fails whose sink says that it is full but cannot be waited for.
var errNoWait = errors.New("it is full, and cannot be waited for")

// watch makes the loop tell w about the sink. Even with no events asked for, epoll reports that the consumer is gone.
func (o *outlet) watch(l *loop.Loop, fd int, w loop.Watcher) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	token, err := l.Watch(fd, 0, w)
	if err != nil {
		return err
	}
	o.watcher, o.fd, o.token = l, fd, token
	return nil
}

// resume goes on with a watch that was muted until the sink was open.
func (o *outlet) resume() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ended || o.watcher == nil {
		return nil
	}
	return o.watcher.Unmute(o.fd, 0, o.token)
}

// block has the watcher told when the sink takes more, and then w, unless it is nil. held is false if nobody will tell w, because
// the watch has ended. Errors: the sink cannot be waited for.
func (o *outlet) block(w Waiter) (held bool, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.ended:
		return false, nil
	case o.watcher == nil:
		return false, errNoWait
	}
	if w != nil {
		o.waiters = append(o.waiters, w)
	}
	if o.blocked.Load() {
		return true, nil
	}
	o.blocked.Store(true)
	return true, o.watcher.Rewatch(o.fd, netio.Writable, o.token)
}

// unblock notes that the sink takes more. It returns those who wait for that, and forgets them; was: somebody waited.
func (o *outlet) unblock() (waiters []Waiter, was bool, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ended || !o.blocked.Load() {
		return nil, false, nil
	}
	if err := o.watcher.Rewatch(o.fd, 0, o.token); err != nil {
		return nil, false, err
	}
	waiters, o.waiters = o.waiters, nil
	o.blocked.Store(false)
	return waiters, true, nil
}

// unwatch ends the watch. It returns those who wait, and now wait in vain; a second call does nothing.
func (o *outlet) unwatch() (waiters []Waiter) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ended {
		return nil
	}
	o.ended = true
	o.blocked.Store(false)
	if o.watcher != nil {
		o.watcher.Mute(o.fd)
	}
	waiters, o.waiters = o.waiters, nil
	return waiters
}

// Full reports whether somebody waits for the sink to take more; a hint.
func (o *outlet) Full() bool { return o.blocked.Load() }

// addStalled notes that w waits until no call on the sink is stuck.
func (o *outlet) addStalled(w Waiter) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.stalled = append(o.stalled, w)
}

// takeStalled returns those who wait for that, and forgets them.
func (o *outlet) takeStalled() (all []Waiter) {
	o.mu.Lock()
	defer o.mu.Unlock()
	all, o.stalled = o.stalled, nil
	return all
}

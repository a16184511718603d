package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"runtime"
	"sync"
	"time"

	"viamillipede/cmd/viamillipede/internal/notify"
	"viamillipede/cmd/viamillipede/internal/tcpend"
	"viamillipede/cmd/viamillipede/internal/words"
	"viamillipede/engine"
	"viamillipede/engine/observe"
)

// takeMany is terminate with keep: for each connection that is taken streams are dialled, until a signal says that it is enough. It
// returns the exit status.
func (inv *invocation) takeMany(ctx context.Context, cancel context.CancelCauseFunc, profile *profiler) engine.Status {
	links := inv.options.Threads
	if err := inv.shareMachine(); err != nil {
		return failed(ownPrefix, err)
	}
	inv.options.Threads, inv.options.Means.Loops = links, max(1, runtime.GOMAXPROCS(0)/inv.keep) // here links are ours to choose
	s := &staying{inv: inv, self: &side{name: "tx", prefix: ownPrefix, log: words.NewLog(stderr, ownPrefix, observe.Level(inv.verbose))}}
	s.self.events = inv.sight.teller.Side("", 0)
	s.self.crowd = s.crowd
	streams := func() []*side { return s.current()[1:] }
	inv.sight.self.Store(s.self)
	inv.sight.sides.Store(&streams)
	door, err := tcpend.Listen(inv.connection.address())
	if err != nil {
		return failed(ownPrefix, inv.connection.unheard(err))
	}
	inv.herald.cancel = cancel
	defer inv.herald.live(s.current)()
	taking, enough := context.WithCancel(ctx)
	defer enough()
	defer watchSignals(s.current, []func(*engine.Error){
		func(*engine.Error) { s.drained(); enough() }, func(cause *engine.Error) { profile.told(cancel)(cause) },
	}, profile.Stop)()
	defer profile.Stop()
	inv.herald.takes(inv.connection.address())
	defer s.watch()()
	defer s.heed(taking, enough)()
	s.takeAll(ctx, taking, door)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.status
}

// heed has no more connections taken once the other end has ended that ssh has started, if it has: it serves nobody then who is not there
// yet. The function that it returns ends that, and returns when it has.
func (s *staying) heed(taking context.Context, enough func()) (stop func()) {
	c := s.inv.far.companion
	if c == nil {
		return func() {}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		select {
		case <-taking.Done():
			return
		case <-c.Ended():
		}
		status := failed(ownPrefix, &engine.Error{
			Status: engine.StatusLost, Reason: "ssh to " + s.inv.far.name + " has ended: no more connections are taken, and those that are there go on",
		})
		s.drained()
		s.mu.Lock()
		s.status = status
		s.mu.Unlock()
		enough()
	}()
	return func() { enough(); <-done }
}

// takePause is how long nobody is taken after that has failed, as where no descriptor is left.
const takePause = 100 * time.Millisecond

// takeAll takes connections until taking ends, and returns when all streams have ended, at the latest after ctx.
func (s *staying) takeAll(ctx, taking context.Context, door *tcpend.Door) {
	var streams sync.WaitGroup
	defer streams.Wait()
	defer door.Close()
	places := make(chan struct{}, s.inv.keep)
	for number, failing := 1, false; ; {
		select {
		case places <- struct{}{}: // others wait in the kernel
		case <-taking.Done():
			return
		}
		conn, err := door.Take(taking)
		switch {
		case taking.Err() != nil:
			if err == nil {
				conn.Close()
			}
			return
		case err != nil:
			<-places
			if !failing {
				s.self.log.Printf(observe.LevelError, "cannot take a connection: %v", err)
			}
			failing = true
			select {
			case <-time.After(takePause):
			case <-taking.Done():
			}
			continue
		}
		if failing {
			failing = false
			s.self.log.Printf(observe.LevelError, "connections are taken again")
		}
		n := number
		number++
		streams.Go(func() {
			defer func() { <-places }()
			s.take(ctx, conn, n)
		})
	}
}

// take serves a connection.
func (s *staying) take(ctx context.Context, conn *net.TCPConn, number int) {
	s.self.log.Printf(observe.LevelLinks, "stream %d: a connection from %v", number, conn.RemoteAddr())
	one := s.inv.another(number)
	one.connection.taken = conn
	_, _ = rand.Read(one.options.Pair[:]) // never fails
	one.verbose = int(s.self.log.Level())
	err := one.openEnds()
	if err != nil {
		conn.Close()
		failed(label(number), err)
		return
	}
	sides, err := one.sides()
	if err != nil {
		one.giveUp(sides)
		one.closeEnds(failed(label(number), err))
		return
	}
	s.join(sides)
	s.serve(ctx, one, sides)
}

// drained notes that no more are served.
func (s *staying) drained() {
	s.mu.Lock()
	s.draining = true
	s.mu.Unlock()
	s.inv.herald.manager.Tell(notify.Stopping)
}

// unheard is why the connection's port cannot be listened on.
func (c *connection) unheard(err error) error {
	return &engine.Error{Status: engine.StatusConnect, Reason: fmt.Sprintf("terminate: cannot listen at %s", c.address()), Err: err}
}

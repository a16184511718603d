package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"viamillipede/cmd/viamillipede/internal/notify"
	"viamillipede/cmd/viamillipede/internal/words"
	"viamillipede/engine"
	"viamillipede/engine/observe"
)

// herald tells those outside that the program is ready, and how it is doing: the user, whoever reads the mark, and a service manager.
type herald struct {
	mark    *notify.Mark
	manager *notify.Manager
	signs   time.Duration // the manager wants a sign of life as often; 0: it does not
	main    bool          // this process is the service's main one
	chosen  bool          // the kernel chooses the port, so that it is said
	cancel  context.CancelCauseFunc
	far     companion // hears of links; nil: there is none

	marked  sync.Once      // the port is known
	written sync.WaitGroup // of the mark
	closed  sync.Once

	mu    sync.Mutex
	sides map[*side]*standing // guarded by mu, except that all are there before any runs
	told  bool                // that all are ready; guarded by mu
}

// standing is how far a side is.
type standing struct{ ready, linked bool }

// beside returns what hears of the events of a side: its log, and the herald where somebody waits for it.
func (h *herald) beside(s *side) observe.Observer {
	if h == nil || h.mark == nil && h.manager == nil && !h.chosen && h.far == nil {
		return s.log
	}
	h.sides[s] = &standing{}
	if h.far != nil {
		h.far.Await(s.name)
	}
	return &overheard{s.log, s, h}
}

// overheard is a log whose events the herald hears too.
type overheard struct {
	*words.Log
	side   *side
	herald *herald
}

// Enabled implements observe.Observer.
func (o *overheard) Enabled(level observe.Level) bool {
	return level <= observe.LevelChoices || o.Log.Enabled(level)
}

// Observe implements observe.Observer.
func (o *overheard) Observe(e observe.Event) {
	o.herald.hear(o.side, e)
	if o.Log.Enabled(observe.LevelOf(e)) {
		o.Log.Observe(e)
	}
}

// hear notes what makes an end ready, and how it is doing. It does not wait.
func (h *herald) hear(s *side, e observe.Event) {
	switch e := e.(type) {
	case observe.ReceiverOpened:
		h.opens(s, e.Addr)
	case observe.SenderOpened:
		h.opens(s, e.Addr)
	case observe.Keeping:
		h.opens(s, e.Addr)
	case observe.Listening:
		h.listens(s, e.Addr)
	case observe.LinkUp:
		h.linked(s)
	case observe.SenderLeft, observe.ReceiverLeft:
		if h.far != nil {
			h.far.Parted(s.name)
		}
	case observe.Outage:
		if e.Phase == observe.OutageEnds {
			h.status(s, s.doing())
			return
		}
		h.status(s, words.Event(e))
	}
}

// doing is what a side does while all is well.
func (s *side) doing() string {
	if s.name == "rx" {
		return "receiving"
	}
	return "sending"
}

// opens notes that an end begins: it listens at an address, or dials if that is nil.
func (h *herald) opens(s *side, at net.Addr) {
	if at == nil {
		h.status(s, "dialling")
		return
	}
	h.listens(s, at)
}

// listens notes that links are taken at an address, if it is one: while the local address is missing, none are.
func (h *herald) listens(s *side, at net.Addr) {
	a, ok := at.(*net.TCPAddr)
	if !ok {
		h.status(s, fmt.Sprintf("waiting for %v", at))
		return
	}
	text := fmt.Sprintf("listening on port %d", a.Port)
	h.status(s, text)
	h.marked.Do(func() {
		if h.chosen {
			say(s.prefix, text)
		}
		if h.mark != nil {
			h.written.Go(func() { h.write(a.Port) })
		}
	})
	h.ready(s)
}

// write gives the mark the port. The stream ends where that fails: those who wait for it would wait for ever.
func (h *herald) write(port int) {
	if err := h.mark.Write(port); err != nil {
		h.cancel(&engine.Error{Status: engine.StatusLocalPipe, Reason: "ready: cannot write the port", Err: err})
	}
}

// linked notes that a link is up. The first one makes an end ready that dials.
func (h *herald) linked(s *side) {
	h.mu.Lock()
	first := !h.sides[s].linked
	h.sides[s].linked = true
	h.mu.Unlock()
	if h.far != nil {
		s.met.Store(true)
		h.far.Met(s.name)
	}
	if first {
		h.status(s, s.doing())
		h.ready(s)
	}
}

// ready notes that an end is ready, and tells the manager when all are.
func (h *herald) ready(s *side) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sides[s].ready = true
	for _, each := range h.sides {
		if !each.ready {
			return
		}
	}
	h.announce()
}

// takes notes that connections are taken at an address, where that is all there is to be ready for.
func (h *herald) takes(at string) {
	h.manager.Tell("STATUS=taking connections at " + at)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.announce()
}

// announce tells the manager once that all is ready. Under mu.
func (h *herald) announce() {
	if h.told {
		return
	}
	h.told = true
	h.manager.Tell(notify.Ready)
	if h.main {
		h.manager.Tell(fmt.Sprintf("MAINPID=%d", os.Getpid()))
	}
}

// status tells the manager how a side is doing.
func (h *herald) status(s *side, text string) {
	of := strings.TrimLeft(strings.TrimPrefix(s.prefix, "viamillipede"), ": ") // "rx: " where there are two
	h.manager.Tell("STATUS=" + of + text)
}

// live gives the manager signs of life, where it wants them, until stop is called: all loops of all sides have answered. What hangs
// is ended by the manager.
func (h *herald) live(sides func() []*side) (stop func()) {
	if h.manager == nil || h.signs == 0 {
		return func() {}
	}
	done := make(chan struct{})
	go func() {
		due := time.NewTicker(h.signs / 2) // as sd_watchdog_enabled(3) advises
		defer due.Stop()
		for {
			for _, s := range sides() {
				s.answer()
			}
			h.manager.Tell(notify.Alive)
			select {
			case <-due.C:
			case <-done:
				return
			}
		}
	}()
	return func() { close(done) }
}

// close removes the mark, and returns when the manager has been told all. It may be called twice.
func (h *herald) close() {
	h.closed.Do(func() {
		bounded(lastWords, func() {
			h.written.Wait() // for as long as a reader takes
			h.mark.Close()
		})
		h.manager.Close()
	})
}

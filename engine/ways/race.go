package ways

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"time"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/schedule"
)

// A dial tries the addresses of a path as RFC 8305 describes: one after the other, each a little after the one before it, or at
// once if that one has failed. The first that leads to the receiver wins.
//
//	address 1  connect ...............................  |
//	address 2      connect ... hello ... welcome: a link   | closed
//	address 3          connect ..... waits its turn  | closed
//
// Several connections may come about at the same time. Hellos go one by one, because two of them would make the same link twice; a
// connection that gets no answer to its hello loses its turn to one that waits.

// errPending is how an attempt ends that another one has beaten.
var errPending = errors.New("no answer yet")

// race is one dial under way. It belongs to its keeper's goroutine; laps report to it.
type race struct {
	k     *keeper
	p     *Path
	port  uint16
	ctx   context.Context
	delay time.Duration

	laps      []*lap // in the order of the addresses
	started   int
	dialled   chan *lap
	greeted   chan *lap
	dialling  int
	connected []*lap // without a hello yet
	speaking  *lap   // whose hello is out
	failed    []outcome
}

// lap is the attempt at one address.
type lap struct {
	to         netip.Addr
	begun      time.Time
	c          net.Conn
	took       time.Duration // to connect
	generation uint32
	hush       context.CancelFunc // ends its greeting
	spoke      time.Time
	linked     bool // its greeting has succeeded
	ended      bool
	outcome
}

// race returns the lap with a welcomed connection, which then belongs to the caller; nil: all failed, as the outcomes say.
func (k *keeper) race(ctx context.Context, p *Path, all []netip.Addr, port uint16, hope <-chan struct{}) (*lap, []outcome) {
	ctx, cancel := context.WithCancel(ctx)
	r := &race{
		k: k, p: p, port: port, ctx: ctx, dialled: make(chan *lap, len(all)), greeted: make(chan *lap, len(all)),
		delay: min(max(schedule.AttemptDelay, 2*time.Duration(p.Trip.Load())), schedule.AttemptDelayMost),
	}
	for _, to := range all {
		r.laps = append(r.laps, &lap{to: to})
	}
	won := r.run(hope)
	cancel()
	r.clear(won)
	return won, r.failed
}

// run returns the winner, or nil when there is nothing left to try, the network has changed, or ctx has ended.
func (r *race) run(hope <-chan struct{}) *lap {
	next := time.NewTimer(r.delay)
	defer next.Stop()
	slow := time.NewTimer(r.k.patience())
	defer slow.Stop()
	turn := time.NewTimer(time.Hour)
	defer turn.Stop()
	var changed <-chan struct{} // nil until the attempt takes long
	r.start()
	for r.under() {
		select {
		case <-next.C:
			r.start()
			next.Reset(r.delay)
		case l := <-r.dialled:
			r.dialling--
			if l.err != nil {
				r.drop(l)
				if lacksPort(r.port, l.err) {
					return nil
				}
				r.start()
				next.Reset(r.delay)
				break
			}
			r.connected = append(r.connected, l)
		case l := <-r.greeted:
			r.speaking = nil
			if l.err == nil {
				l.ended = true
				return l
			}
			r.drop(l)
			r.start()
		case <-turn.C:
		case <-slow.C:
			changed = r.k.overtakes(hope)
		case <-changed:
			if changed = nil; r.speaking == nil && len(r.connected) == 0 {
				r.failed = append(r.failed, outcome{err: errChanged})
				return nil
			}
		case <-r.ctx.Done():
			r.failed = append(r.failed, outcome{err: r.ctx.Err()})
			return nil
		}
		r.speak(turn)
	}
	return nil
}

// under reports whether anything is under way or left to try.
func (r *race) under() bool {
	return r.started < len(r.laps) || r.dialling > 0 || r.speaking != nil || len(r.connected) > 0
}

// start begins the attempt at the next address, if there is one.
func (r *race) start() {
	if r.started == len(r.laps) {
		return
	}
	l := r.laps[r.started]
	r.started++
	r.dialling++
	l.begun = time.Now()
	go func() {
		ctx, cancel := context.WithTimeout(r.ctx, r.k.d.cfg.Timing.Dial)
		defer cancel()
		l.outcome = result(l.to, r.p.met(l.to), 0, stream.ErrFault)
		defer func() { r.dialled <- l }()
		defer r.k.d.caught("dial")
		var err error
		r.k.d.cfg.Near(r.k.loop.ID, func() { l.c, err = r.k.d.cfg.Transport.Dial(ctx, r.p.Path, l.to, r.port) })
		l.took = time.Since(l.begun)
		l.outcome = result(l.to, r.p.met(l.to), 0, err)
	}()
}

// speak makes the next connection say hello, if its turn has come; otherwise it sets turn to when it will have.
func (r *race) speak(turn *time.Timer) {
	if len(r.connected) == 0 {
		return
	}
	if s := r.speaking; s != nil {
		if left := max(r.delay, 2*s.took) - time.Since(s.spoke); left > 0 {
			turn.Reset(left)
			return
		}
		s.hush() // it reports that nothing answered
		turn.Reset(r.delay)
		return
	}
	l := r.connected[0]
	r.connected = r.connected[1:]
	r.speaking = l
	ctx, cancel := context.WithTimeout(r.ctx, max(r.k.d.cfg.Timing.Dial, schedule.GreetTrips*l.took))
	l.hush, l.spoke, l.generation = cancel, time.Now(), r.k.generation
	r.k.generation++
	turn.Reset(max(r.delay, 2*l.took))
	go func() {
		defer cancel()
		l.outcome = result(l.to, r.p.met(l.to), 0, stream.ErrFault)
		defer func() { r.greeted <- l }()
		defer r.k.d.caught("hello")
		v, err := r.k.prove(ctx, l)
		if err == nil {
			v, err = r.k.greet(ctx, r.p, l.c, l.generation)
		}
		l.outcome, l.linked = result(l.to, r.p.met(l.to), v, err), err == nil
	}()
}

// drop closes an attempt's connection and records how an attempt failed.
func (r *race) drop(l *lap) {
	l.ended = true
	if l.c != nil {
		l.c.Close()
	}
	r.failed = append(r.failed, l.outcome)
}

// clear closes what the race leaves behind, once its context has ended. Attempts that the winner has beaten count as failed.
func (r *race) clear(won *lap) {
	for ; r.dialling > 0; r.dialling-- {
		<-r.dialled
	}
	if r.speaking != nil {
		<-r.greeted
	}
	for _, l := range r.laps[:r.started] {
		if l.ended {
			continue
		}
		if l.c != nil {
			l.c.Close()
		}
		if l.linked {
			r.k.d.cfg.Greeter.Forgo()
		}
		if won != nil && l.begun.Before(won.begun) {
			r.failed = append(r.failed, outcome{to: l.to, err: errPending})
		}
	}
}

// patience is how long an attempt may take before it is given up, when there is hope, for a new one.
func (k *keeper) patience() time.Duration {
	if k.anchor {
		return schedule.FirstPatience
	}
	return schedule.OtherPatience
}

// overtakes is hope, unless changes of the network have overtaken the keeper too often already.
func (k *keeper) overtakes(hope <-chan struct{}) <-chan struct{} {
	if k.overtaken >= schedule.OvertakenMost {
		return nil
	}
	return hope
}

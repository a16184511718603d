package run

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"viamillipede/engine"
	"viamillipede/engine/rig"
	"viamillipede/netio/dial"
)

// dialAgain is the pause between two attempts to reach a bench.
const dialAgain = 200 * time.Millisecond

// Send measures streams to the bench at the other end of the paths: it asks for rounds, prints what both ends measured,
// and writes the files of results. Whatever happens, the results so far are printed. Every error is an *engine.Error; if
// ctx ended with such a cause, that is the error.
func Send(ctx context.Context, c Config) error {
	o, err := c.outputs()
	if err != nil {
		return err
	}
	defer o.discard()
	conn, name, err := c.dial(ctx)
	if err != nil {
		return err
	}
	s, err := open(ctx, conn, dialling, name, hostFacts(deviceOf(conn)))
	if err != nil {
		return refusal(ctx, name, err)
	}
	defer s.close()
	return c.measure(ctx, s, o)
}

// refusal is the error of a peer that did not become a session.
func refusal(ctx context.Context, name string, err error) error {
	if e, ok := errors.AsType[*engine.Error](err); ok {
		return e
	}
	return fail(statusOf(err), err, "%s", name)
}

// dial connects to the first path that answers; it tries all of them for as long as first contact may take.
func (c *Config) dial(ctx context.Context) (net.Conn, string, error) {
	atMost := c.Options.Connect
	if atMost == 0 {
		atMost = engine.DefaultConnect
	}
	ctx, cancel := context.WithTimeoutCause(ctx, atMost, errTooLate)
	defer cancel()
	var last error
	for {
		for _, p := range c.Paths {
			conn, err := dialPath(ctx, p, c.Options.Bind)
			if err == nil {
				return conn, name(p), nil
			}
			if ctx.Err() == nil {
				last = fail(engine.StatusConnect, err, "%s", name(p))
			}
		}
		select {
		case <-time.After(dialAgain):
		case <-ctx.Done():
			if context.Cause(ctx) != errTooLate {
				return nil, "", context.Cause(ctx)
			}
			return nil, "", fail(engine.StatusConnect, last, "no bench within %v", atMost)
		}
	}
}

// errTooLate says why dialling stopped.
var errTooLate = errors.New("nobody answers")

func name(p engine.Path) string { return net.JoinHostPort(p.Host, strconv.Itoa(int(p.Port))) }

// dialPath connects as the path's links do.
func dialPath(ctx context.Context, p engine.Path, bind netip.Addr) (net.Conn, error) {
	d := dial.Dialer{Device: p.Via.Device, Bind: bind, Congestion: "system"}
	if p.Via.Addr.IsValid() {
		d.Bind = p.Via.Addr
	}
	all, err := dial.Resolve(ctx, p.Host, d.Bind)
	if err != nil {
		return nil, err
	}
	var last error
	for _, a := range all {
		one, cancel := context.WithTimeout(ctx, helloTime)
		conn, err := d.Dial(one, netip.AddrPortFrom(a, p.Port))
		cancel()
		if err == nil {
			keepAlive(conn)
			return conn, nil
		}
		last = err
	}
	return nil, last
}

// keepAlive makes the kernel notice within half a minute that the other end's machine is gone.
func keepAlive(c *net.TCPConn) {
	_ = c.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true, Idle: 10 * time.Second, Interval: 5 * time.Second, Count: 4})
}

// measure asks for all rounds, and reports.
func (c *Config) measure(ctx context.Context, s *session, o outputs) error {
	b := newBook(c, s.here, s.host)
	p := newPrinter(c)
	var err error
	for n, v := range c.rounds() {
		p.begin(n, c.count(), v.Name())
		var rounds []round
		if rounds, err = c.round(ctx, s, v, n, p); err != nil {
			break
		}
		for _, r := range rounds {
			r.number, r.of, r.name, r.variant = n, c.count(), v.Name()+r.name, v
			p.row(r)
			b.rounds = append(b.rounds, r)
		}
	}
	p.summary(b.rounds)
	if err != nil && len(b.rounds) == 0 {
		return err
	}
	return firstOf(err, b.write(c, o))
}

// count is how many rounds there will be.
func (c *Config) count() int { return c.Rounds * len(c.Variants) }

// rounds yields each round's number, from 1, and variant.
func (c *Config) rounds() func(yield func(int, *Variant) bool) {
	return func(yield func(int, *Variant) bool) {
		n := 0
		for turn := range c.Rounds {
			for _, i := range order(len(c.Variants), turn) {
				n++
				if !yield(n, &c.Variants[i]) {
					return
				}
			}
		}
	}
}

// firstOf is the first error that is not nil.
func firstOf(all ...error) error {
	for _, err := range all {
		if err != nil {
			return err
		}
	}
	return nil
}

// round runs one stream and returns what both ends measured, of the stream that goes back too.
func (c *Config) round(ctx context.Context, s *session, v *Variant, n int, p *printer) ([]round, error) {
	if err := s.say(message{Ask: newAsk(c, v, n, c.count())}); err != nil {
		return nil, err
	}
	m, err := s.hear(ctx, replyTime)
	if err == nil && m.Wait != nil {
		p.waits(s.peer)
		m, err = s.hear(ctx, forever)
	}
	if err != nil {
		return nil, err
	}
	if m.Ready == nil {
		return nil, fail(engine.StatusRefused, errMessage, "the bench at %s", s.peer)
	}
	guarded, cancel := s.guard(ctx)
	defer cancel()
	tx, err := c.stream(guarded, v, Round{Number: n, Of: c.count(), Name: v.Name(), Sender: true}, m.Ready.Port, p)
	rx, err := s.exchange(ctx, &tx, err)
	var rounds []round
	if err == nil {
		rounds, err = pair(s, &tx, rx)
	}
	tx.conclude(rx, err)
	return rounds, err
}

// exchange tells the other end what this one has measured, or why it failed, and returns what the other one has.
func (s *session) exchange(ctx context.Context, own *end, err error) (*end, error) {
	own.Error = faultOf(err)
	if failed := s.say(message{Report: own}); err != nil || failed != nil {
		return nil, firstOf(err, failed)
	}
	m, err := s.hear(ctx, replyTime)
	return m.Report, err
}

// pair joins the measurements of both ends, for each stream. Only a stream that is complete at both ends counts.
func pair(s *session, tx, rx *end) ([]round, error) {
	switch {
	case tx == nil || rx == nil || (tx.Back == nil) != (rx.Back == nil):
		return nil, fail(engine.StatusRefused, errMessage, "the bench at %s", s.peer)
	case rx.Error != nil:
		return nil, rx.Error.error(s.peer)
	case tx.Error != nil:
		return nil, tx.Error.error(s.peer)
	}
	rounds := []round{{tx: *tx, rx: *rx}}
	if tx.Back != nil {
		rounds = append(rounds, round{name: backward, back: true, tx: *rx.Back, rx: *tx.Back})
	}
	for _, r := range rounds {
		if r.tx.Bytes != r.rx.Bytes {
			return nil, fail(engine.StatusIntegrity, nil, "%d bytes were sent and %d received", r.tx.Bytes, r.rx.Bytes)
		}
	}
	return rounds, nil
}

// stream sends one stream and measures it.
func (c *Config) stream(ctx context.Context, v *Variant, of Round, port uint16, p *printer) (end, error) {
	o := rig.Setup{Options: v.Options, Hooks: rig.Hooks{LinkSums: true}}
	m := c.meter(of, p)
	m.lasts, m.tell = c.Warmup+c.Length, p.progress
	source := -1
	if c.Pipes {
		from, err := produce()
		if err != nil {
			return end{}, err
		}
		defer from.end()
		source, m.stop = int(from.source.Fd()), from.stop
	} else {
		o.Blank, o.Lasts = !o.PRBS, m.lasts
	}
	paths := slices.Clone(v.Paths)
	for i := range paths {
		paths[i].Port = port
	}
	s, err := rig.NewSender(rig.SendConfig{
		Setup: o, Paths: paths, Source: source, Observer: m.observer(Prefix + "tx: "),
	})
	if err != nil {
		return end{}, err
	}
	if !c.Both {
		return m.run(ctx, s)
	}
	of.Back, of.Sender = true, false
	return c.receiveBack(ctx, v, paths, m, c.meter(of, p), s)
}

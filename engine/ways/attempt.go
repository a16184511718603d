package ways

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"sort"
	"strings"
	"time"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/observe"
	"viamillipede/engine/schedule"
	"viamillipede/engine/wire"
	"viamillipede/netio"
	"viamillipede/netio/dial"
)

// outcome is how an attempt to connect ended, at one address or, taken together, on a path.
type outcome struct {
	to      netip.Addr
	verdict wire.Verdict   // of the receiver that answered, or of what answered in its place
	err     error          // nil: there is a link
	refused bool           // the peer's host answered: nobody there serves this stream
	reply   schedule.Reply // what that says about the peer
}

// result makes an outcome of what an attempt returned; met tells whether this very peer was met at the address.
func result(to netip.Addr, met bool, v wire.Verdict, err error) outcome {
	return outcome{to, v, stream.Cause(err), err != nil && (v != wire.VerdictOK || netio.Refused(err)), replyOf(met, v, err)}
}

// replyOf is what the result of an attempt says about the peer.
func replyOf(met bool, v wire.Verdict, err error) schedule.Reply {
	switch {
	case err == nil:
		return schedule.ReplyNone
	case passes(v):
		return schedule.ReplyElse // it will have us later
	case v == wire.VerdictUnknown && met:
		return schedule.ReplyGone
	case v == wire.VerdictUnknown:
		return schedule.ReplyUnknown
	case v == wire.VerdictMalformed && !errors.Is(err, ErrOther):
		return schedule.ReplyElse // a stranger, or what is in the way
	case v == wire.VerdictOK && (netio.Closed(err) || netio.Reset(err) || errors.Is(err, errMute)):
		return schedule.ReplyElse
	case v == wire.VerdictOK && !netio.Nobody(err):
		return schedule.ReplyNone
	case met:
		return schedule.ReplyRefused
	}
	return schedule.ReplyUnmet
}

// ErrOther: the receiver is not ours. errMute: the connection was accepted, but then nothing answered on it.
var (
	ErrOther = errors.New("another peer, not the one that has this stream")
	errMute  = errors.New("the connection was taken, but nothing answers on it")
)

// errChanged ends an attempt that a change of the network has overtaken.
var errChanged = errors.New("the network has changed")

// dial makes one attempt on a path: first the name, then connection and handshake at its addresses until one works (race.go). The
// address that worked last comes first, so that those that do not work cost nothing later.
func (k *keeper) dial(ctx context.Context, p *Path, hope <-chan struct{}) (*served, error) {
	all, err := k.d.lookUp(ctx, p)
	if err != nil {
		return nil, k.failed(ctx, p, result(netip.Addr{}, false, wire.VerdictOK, err))
	}
	k.d.cfg.End.Resolved(p, all[0])
	won, failed := k.reach(ctx, p, p.inOrder(all), hope)
	if won == nil {
		return nil, k.failed(ctx, p, together(failed))
	}
	conn, err := k.adopt(won.c)
	if err != nil {
		k.d.cfg.Greeter.Forgo()
		p.ports.release(k.index)
		return nil, k.failed(ctx, p, result(won.to, p.met(won.to), wire.VerdictOK, err))
	}
	k.reached(p, failed, won.to)
	at := Contact{Index: k.index, Generation: won.generation, Path: p, Conn: conn, To: won.to}
	if won.to.Zone() != "" {
		at.Zoned, _ = dial.ZoneNow(won.to)
		k.d.zones.Store(true)
	}
	return &served{k.d.cfg.End.Connected(at), p}, nil
}

// served is a link of a keeper, and the path that it is on.
type served struct {
	Link
	on *Path
}

// adopt takes the connection over; it closes the connection if that fails, even by a fault in the program.
func (k *keeper) adopt(c net.Conn) (conn stream.Conn, err error) {
	defer func() {
		if conn == nil {
			c.Close()
		}
	}()
	return k.d.cfg.Transport.Adopt(c, k.d.cfg.Trace)
}

// reach races for a connection from one of the path's source ports, which then belongs to the keeper.
func (k *keeper) reach(ctx context.Context, p *Path, all []netip.Addr, hope <-chan struct{}) (won *lap, failed []outcome) {
	k.balance(p, all[0])
	place := k.place
	if p != k.home {
		place = guestPlace
	}
	for {
		port, none := p.ports.acquire(k.index, place, time.Now())
		if none != nil {
			if len(failed) == 0 {
				failed = []outcome{result(netip.Addr{}, false, wire.VerdictOK, none)}
			}
			return nil, failed // that of the last port that was tried
		}
		won, failed = k.race(ctx, p, all, port, hope)
		if won != nil {
			return won, failed
		}
		taken := portTaken(port, failed)
		if taken == nil {
			p.ports.release(k.index)
			return nil, failed
		}
		k.noteTaken(p, port, taken)
	}
}

// portTaken is why a race failed because its source port cannot be used; nil: it did not.
func portTaken(port uint16, failed []outcome) error {
	for _, o := range failed {
		if lacksPort(port, o.err) {
			return o.err
		}
	}
	return nil
}

// overtook counts attempts in a row that a change of the network has overtaken; err is how this one ended.
func (k *keeper) overtook(err error) {
	if err != errChanged {
		k.overtaken = 0
		return
	}
	k.overtaken++
}

// reached records that the path leads to the receiver, and tells the user if it is by another address than before.
func (k *keeper) reached(p *Path, failed []outcome, to netip.Addr) {
	p.note(outcome{to: to})
	k.d.cfg.End.Answered()
	if p.prefer(to) && len(failed) > 0 {
		observe.Tell(k.d.cfg.Observer, observe.AddressChosen{Path: p.String(), Addr: to, Failed: together(failed).err})
	}
}

// failed records an attempt that failed, and tells the user if that is news.
func (k *keeper) failed(ctx context.Context, p *Path, o outcome) error {
	if context.Cause(ctx) == context.Canceled || o.err == errChanged {
		return o.err // we are stopping, or try again at once
	}
	news := p.note(o)
	k.d.cfg.End.Attempted(p.Order, o.reply)
	if o.verdict == wire.VerdictTurn {
		k.d.queued.Do(func() { observe.Tell(k.d.cfg.Observer, observe.TurnAwaited{Path: p.String()}) })
	}
	if news {
		observe.Tell(k.d.cfg.Observer, observe.DialFailed{Link: k.index, Path: p.String(), Err: o.err})
	}
	return o.err
}

// together says how an attempt ended that failed at all addresses. The path counts as refused if all of them refused, apart from
// those of a protocol for which this machine has no route. A denial by a receiver counts for more than any other answer.
func together(all []outcome) outcome {
	if len(all) == 1 {
		return all[0]
	}
	last := all[len(all)-1]
	if last.err == errChanged {
		return last
	}
	all = slices.Clone(all)
	sort.Slice(all, func(a, b int) bool { return all[a].to.Less(all[b].to) }) // a resolver may vary the order; slices.SortFunc would be 15 KiB
	o := outcome{refused: true}
	for _, a := range all {
		o.reply = o.reply.Both(a.reply)
		o.refused = o.refused && (a.refused || dial.LacksRoute(a.err) && !sameKind(all, a))
		if o.verdict == wire.VerdictOK || !o.denied() && a.denied() {
			o.verdict = a.verdict
		}
	}
	o.refused = o.refused && slices.ContainsFunc(all, func(a outcome) bool { return a.refused })
	o.err = describe(all)
	return o
}

// sameKind reports whether an attempt at an address of the same protocol as a's found a route.
func sameKind(all []outcome, a outcome) bool {
	return slices.ContainsFunc(all, func(b outcome) bool { return a.to.Is4() == b.to.Is4() && !dial.LacksRoute(b.err) })
}

// denied reports whether a receiver answered that it will not have us.
func (o outcome) denied() bool { return denies(o.verdict) }

// describe says why each address failed or, if they have that in common, says it once.
func describe(all []outcome) error {
	var parts []string
	alike := true
	for _, o := range all {
		alike = alike && o.err.Error() == all[0].err.Error()
		parts = append(parts, o.to.String()+": "+o.err.Error())
	}
	if alike {
		return all[0].err
	}
	return errors.New(strings.Join(parts, ", "))
}

// inOrder puts the address that worked last before the others.
func (p *Path) inOrder(all []netip.Addr) []netip.Addr {
	p.mu.Lock()
	best := p.best
	p.mu.Unlock()
	at := slices.Index(all, best)
	if at < 1 {
		return all
	}
	return slices.Insert(slices.Delete(slices.Clone(all), at, at+1), 0, best)
}

// prefer remembers the address that worked; it reports whether it differs from the one before.
func (p *Path) prefer(to netip.Addr) (news bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	news, p.best = p.best != to, to
	if !slices.Contains(p.metAt, to) {
		p.metAt = append(p.metAt, to)
	}
	return news
}

// met reports whether the peer was met at the address.
func (p *Path) met(to netip.Addr) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Contains(p.metAt, to)
}

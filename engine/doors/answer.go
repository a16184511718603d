package doors

import (
	"context"
	"errors"
	"net"
	"time"

	"viamillipede/engine/wire"
)

// Why a guest is for nobody here.
var (
	errNotReceiving = errors.New("a sender, and nobody receives here: exactly one of tx and rx has to listen")
	errNotSending   = errors.New("a receiver, and nobody sends here: exactly one of tx and rx has to listen")
)

// answer has the tenant that a guest's words are for decide, and answers them. It returns nil if the connection is a link's now.
func (d *Doors) answer(ctx context.Context, at int, c net.Conn, w words) error {
	in, leave, v, err := d.house.Room(ctx, c.RemoteAddr(), w.helloOf(), w.call)
	if err != nil {
		c.SetDeadline(time.Now().Add(d.cfg.Time.Hello)) // it may have waited
		if !w.first {
			_, _ = c.Write(refusal(v))
		}
		return err
	}
	defer leave()
	t, gone := in.visit(w.isFor)
	if t == nil {
		v, why := w.turnedAway(gone)
		if !w.first {
			_, _ = c.Write(refusal(v))
		}
		return why
	}
	defer t.guests.Done()
	select {
	case <-t.begun:
	case <-ctx.Done():
		return context.Canceled
	}
	stop := context.AfterFunc(t.ctx, func() { c.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	err = d.admit(t, at, c, w)
	if err != nil && t.ctx.Err() != nil {
		return context.Canceled
	}
	return err
}

// helloOf is the hello, if it is one.
func (w words) helloOf() *wire.Hello {
	if w.call != nil || w.first {
		return nil
	}
	return &w.hello
}

// isFor reports whether the words are for such a host.
func (w words) isFor(h Host) (is bool) {
	if w.call != nil {
		_, is = h.(Sending)
		return is
	}
	_, is = h.(Receiving)
	return is
}

// turnedAway is why nobody hears the guest, and what it is told. gone: there was somebody.
func (w words) turnedAway(gone bool) (wire.Verdict, error) {
	resumes := w.hello.Flags&wire.FlagResume != 0 || w.call != nil && w.call.Flags&wire.FlagResume != 0
	switch {
	case gone && resumes:
		return wire.VerdictUnknown, ErrOver
	case gone:
		return wire.VerdictBusy, ErrOver
	case w.call != nil:
		return wire.VerdictRole, errNotSending
	}
	return wire.VerdictRole, errNotReceiving
}

// admit has a tenant decide.
func (d *Doors) admit(t *tenant, at int, c net.Conn, w words) error {
	if w.first {
		return d.admitFirst(t, w.from)
	}
	if s, sends := t.host.(Sending); sends {
		return d.admitCall(t.ctx, s, c, *w.call)
	}
	r := t.host.(Receiving)
	welcome, err := r.Admit(t.ctx, w.hello, c.LocalAddr(), c.RemoteAddr())
	c.SetDeadline(time.Now().Add(d.cfg.Time.Hello))
	if _, werr := c.Write(welcome.Append(nil)); err == nil && werr != nil {
		r.Forgo()
		return unanswered(werr)
	}
	if err != nil {
		return err
	}
	c.SetDeadline(time.Time{})
	r.Serve(w.hello, at, c)
	return nil
}

// admitCall has a sender decide on a receiver's call, and then on its welcome.
func (d *Doors) admitCall(ctx context.Context, s Sending, c net.Conn, call wire.Call) error {
	h, v, err := s.Hear(ctx, call, c.LocalAddr(), c.RemoteAddr())
	c.SetDeadline(time.Now().Add(d.cfg.Time.Hello))
	if err != nil {
		_, _ = c.Write(refusal(v))
		return err
	}
	if _, err := c.Write(h.Append(nil)); err != nil {
		return unanswered(err)
	}
	var w wire.Welcome
	if err := read(c, "welcome", func(b []byte) (err error) {
		w, err = wire.ParseWelcome(b)
		return err
	}); err != nil {
		return err
	}
	bye, err := s.Welcome(call, w, c.RemoteAddr())
	if bye != nil {
		_, _ = c.Write(bye.Append(nil))
	}
	if err != nil {
		return err
	}
	c.SetDeadline(time.Time{})
	s.Serve(call, c)
	return nil
}

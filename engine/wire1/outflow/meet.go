package outflow

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/observe"
	"viamillipede/engine/wire1"
)

// meet dials all links; false: the stream has failed. They have as long as connect says, together.
func (s *Sender) meet() bool {
	ctx, cancel := context.WithTimeout(context.Background(), s.cfg.Connect)
	defer cancel()
	go func() {
		select {
		case <-s.out:
			cancel()
		case <-ctx.Done():
		}
	}()
	var all sync.WaitGroup
	for _, k := range s.links {
		all.Go(func() {
			defer s.caught("dial")
			if err := k.meet(ctx); err != nil {
				s.fail(err)
			}
		})
	}
	all.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ended.IsZero() {
		return false
	}
	s.first = time.Now()
	return true
}

// meet makes the link's connection, as often as it takes until ctx ends, and has it answered.
func (k *link) meet(ctx context.Context) *stream.Error {
	t := k.s.cfg.Timing
	said := ""
	for wait := t.Backoff; ; wait = min(2*wait, t.BackoffMost) {
		c, err := k.dial(ctx)
		if err == nil {
			return k.greet(ctx, c)
		}
		if ctx.Err() == nil || k.failed() == nil {
			k.note(err)
		}
		if text := err.Error(); text != said && ctx.Err() == nil {
			said = text
			observe.Tell(k.s.observer, observe.DialFailed{Link: k.index, Path: k.name, Err: err})
		}
		again := time.NewTimer(wait)
		select {
		case <-again.C:
		case <-ctx.Done():
			again.Stop()
			return stream.Fail(stream.StatusConnect, k.failed(), "no connection to %s within %v (wire 1 begins only with all %d links)",
				k.name, k.s.cfg.Connect, len(k.s.links))
		}
	}
}

var (
	errSelf   = errors.New("the connection led back to itself, since nobody listens there")
	errAnswer = errors.New("something else answers there")
)

// dial connects to the first address of the path that can be reached.
func (k *link) dial(ctx context.Context) (c net.Conn, err error) {
	path, by := k.s.cfg.Paths[k.path], k.s.cfg.Transport
	all, err := by.Resolve(ctx, path)
	if err != nil {
		return nil, err
	}
	for _, to := range all {
		once, cancel := context.WithTimeout(ctx, k.s.cfg.Timing.Dial)
		c, err = by.Dial(once, path, to, 0)
		cancel()
		if err == nil && c.LocalAddr().String() == c.RemoteAddr().String() {
			c.Close() // a free port of this host, which the kernel chose as the local one too
			err = errSelf
		}
		if err == nil {
			return c, nil
		}
	}
	return nil, err
}

// greet says the phrase, in one piece, and waits for the answer. The connection is the link's from here on.
func (k *link) greet(ctx context.Context, c net.Conn) *stream.Error {
	if !k.own(c) {
		return nil // the stream is over
	}
	stop := context.AfterFunc(ctx, func() { c.SetDeadline(time.Unix(1, 0)) })
	phrase := k.s.cfg.Phrase
	if phrase == ([wire1.PhraseLen]byte{}) {
		phrase = wire1.DefaultPhrase
	}
	var answer [len(wire1.Answer)]byte
	_, err := c.Write(phrase[:])
	if err == nil {
		_, err = io.ReadFull(c, answer[:])
	}
	switch inTime := stop(); {
	case !inTime:
		return stream.Fail(stream.StatusConnect, nil, "%s has not answered %q within %v", k.name, wire1.Answer, k.s.cfg.Connect)
	case err == nil && string(answer[:]) != wire1.Answer:
		err = errAnswer
	}
	if err != nil {
		return stream.Fail(stream.StatusRefused, err,
			"refused by %s: it expects another checkphrase, has another stream, or does not speak version 1 of the wire", k.name)
	}
	k.cameUp()
	return nil
}

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"viamillipede/cmd/viamillipede/internal/words"
	"viamillipede/engine"
	"viamillipede/engine/observe"
)

// carry runs the sides until all are finished, and has told and sight hear of each. The first failure stops the other side too and gives the
// exit status.
func carry(ctx context.Context, cancel context.CancelCauseFunc, sides []*side, told *account, sight *sight) engine.Status {
	type result struct {
		*side
		summary observe.Summary
		err     error
	}
	results := make(chan result)
	for _, s := range sides {
		go func() {
			summary, err := s.run(ctx)
			s.leave()
			results <- result{s, summary, err}
		}()
	}
	status := engine.StatusDone
	var ours error // why the other side is stopped here
	var why failures
	for n := range sides {
		r := <-results
		if errors.Is(context.Cause(ctx), engine.ErrLeft) && stopped(ctx, r.err) {
			r.log.Printf(observe.LevelLinks, "%v", engine.ErrLeft)
			continue
		}
		told.add(r.name, r.summary, causeOf(ctx, r.err))
		sight.sum(r.side, r.summary, causeOf(ctx, r.err))
		if len(r.summary.Paths) > 1 {
			for _, p := range r.summary.Paths {
				r.log.Printf(observe.LevelSummary, "%s", words.PathSummary(p, r.summary.Sender))
			}
		}
		// In a loop the word of a signal may come back from our own other side first: it is no echo of that.
		heard := status == engine.StatusRemotePipe && context.Cause(ctx) != ours
		if r.err == nil || errors.Is(ours, r.err) || status != engine.StatusDone && stopped(ctx, r.err) && !heard {
			continue
		}
		own := why.add(r.prefix, causeOf(ctx, r.err), n < len(sides)-1)
		if status == engine.StatusDone || status == engine.StatusRemotePipe {
			status = own // what failed at the peer may be our own other side, in a loop
		}
		if ours == nil {
			ours = &engine.Error{Status: own, Reason: r.name + " failed in the same process", Err: r.err}
			cancel(ours)
		}
	}
	why.close()
	for _, s := range sides {
		s.sayKept()
	}
	return cmp.Or(status, exitOf(sides))
}

// failures are those of the sides. In a loop, why one side failed comes back to the other as the peer's reason: it is told once.
type failures struct {
	said []string
	held []failedSide // what peers said, until it is known whether it is such an echo
}

type failedSide struct {
	prefix string
	err    error
}

// add tells of a failure and returns its exit status. With more to come, a peer's reason waits for close.
func (f *failures) add(prefix string, err error, more bool) engine.Status {
	status := engine.ExitStatus(err)
	if more && status == engine.StatusRemotePipe {
		f.held = append(f.held, failedSide{prefix, err})
	} else {
		f.tell(prefix, err)
	}
	return status
}

// tell tells of a failure unless it quotes one that has been told.
func (f *failures) tell(prefix string, err error) {
	text := err.Error()
	if !slices.ContainsFunc(f.said, func(said string) bool { return strings.Contains(text, said) }) {
		failed(prefix, err)
		f.said = append(f.said, text)
	}
}

// close tells of what is held.
func (f *failures) close() {
	for _, h := range f.held {
		f.tell(h.prefix, h.err)
	}
}

// stopped reports whether err is only the echo of why ctx was cancelled.
func stopped(ctx context.Context, err error) bool {
	return errors.Is(err, context.Canceled) || ctx.Err() != nil && errors.Is(err, context.Cause(ctx))
}

// causeOf gives the reason in place of a bare "context canceled".
func causeOf(ctx context.Context, err error) error {
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// printStatus prints the side's status table, whatever the level of verbose.
func (s *side) printStatus() {
	if s.crowd != nil {
		say(s.prefix, fmt.Sprintf("%d streams", s.crowd()))
		return
	}
	say(s.prefix, words.Status(s.Snapshot(), max(1, lineWidth()-len(s.prefix))))
}

// answer has all loops of a side answer.
func (s *side) answer() {
	if s.stream != nil {
		s.Snapshot()
	}
}

package pipeline

import (
	"context"
	"fmt"
	"time"

	"viamillipede/tools/internal/ends"
	"viamillipede/tools/internal/machine"
)

// Result is the result of a complete stream.
type Result struct {
	Bytes   uint64
	Seconds float64 // at the consumer, from the first byte to the end of file; without one, from the start of tx to the end of both ends
	TX, RX  Cost    // over the whole stream; zero for an end that does not exist
	All     float64 // CPU seconds of both ends, the producer and the consumer
	Machine float64 // CPU seconds of the whole machine meanwhile, whoever used them: producer, consumer, interrupts and strangers too

	Uncounted error // why TX and RX have no migrations although they were to be counted
}

// Rate is in bytes a second.
func (r Result) Rate() float64 { return float64(r.Bytes) / r.Seconds }

// PerGiB is a figure per GiB of the stream.
func (r Result) PerGiB(figure float64) float64 { return figure / (float64(r.Bytes) / (1 << 30)) }

// Run runs a stream from beginning to end. The errors are those of Start and Wait.
func Run(ctx context.Context, p Plan) (Result, error) {
	s, err := Start(ctx, p)
	if err != nil {
		return Result{}, err
	}
	defer s.End()
	return s.Wait()
}

// Wait waits for all processes. The error names the one that failed, or says that the stream came out short.
func (s *Stream) Wait() (Result, error) {
	r := Result{Bytes: s.plan.Bytes}
	if err := s.waitEnds(); err != nil {
		return r, err
	}
	r.Seconds = time.Since(s.began).Seconds()
	if err := s.waitConsumer(&r); err != nil {
		return r, err
	}
	if s.Producer != nil {
		if err := s.Producer.Wait(); err != nil {
			return r, fmt.Errorf("producer: %w", err)
		}
	}
	err := s.charge(&r)
	return r, err
}

func (s *Stream) waitEnds() error {
	for _, end := range []struct {
		name string
		p    *Child
	}{{"tx", s.TX}, {"rx", s.RX}} {
		if end.p == nil {
			continue
		}
		err := end.p.Wait()
		if s.ctx.Err() != nil {
			return context.Cause(s.ctx)
		}
		if err != nil && !s.plan.Anyhow {
			return fmt.Errorf("%s: %w", end.name, err)
		}
	}
	return nil
}

// waitConsumer takes the consumer's figures, wherever it runs.
func (s *Stream) waitConsumer(r *Result) error {
	consumer := s.Consumer
	switch {
	case s.plan.Abroad:
		consumer = s.TX
	case consumer == nil:
		return nil
	}
	if err := consumer.Wait(); err != nil {
		return fmt.Errorf("consumer: %w", err)
	}
	c, err := ends.ParseCount(consumer.Out.Bytes())
	if err != nil {
		return err
	}
	if c.Bytes != s.plan.Bytes {
		return fmt.Errorf("%d bytes came out of %d", c.Bytes, s.plan.Bytes)
	}
	r.Seconds = c.Seconds
	return nil
}

// charge adds up the costs.
func (s *Stream) charge(r *Result) error {
	used, err := machine.Busy()
	if err != nil {
		return err
	}
	r.Machine = (used - s.used).Seconds()
	for _, end := range []struct {
		p    *Child
		cost *Cost
	}{{s.TX, &r.TX}, {s.RX, &r.RX}} {
		var err error
		if *end.cost, err = end.p.cost(); err != nil {
			r.Uncounted = err
		}
	}
	for _, p := range []*Child{s.TX, s.RX, s.Producer, s.Consumer} {
		if p != nil {
			r.All += p.cpu().Seconds()
		}
	}
	return nil
}

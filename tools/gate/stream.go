package main

import (
	"context"
	"fmt"
	"strconv"

	"viamillipede/tools/internal/crew"
	"viamillipede/tools/internal/ends"
)

// sample is what one stream gave.
type sample struct {
	rate   float64 // bytes a second at the consumer
	tx, rx float64 // CPU seconds per GiB
}

// failure is what went wrong with a stream of one of the two programs.
type failure struct {
	old bool
	err error
}

func (f *failure) Error() string {
	return map[bool]string{true: "old program: ", false: "new program: "}[f.old] + f.err.Error()
}

func (f *failure) Unwrap() error { return f.err }

// measure runs one stream of the old or the new program. The error is that of ctx where it has ended, else a *failure.
func (p programs) measure(ctx context.Context, set settings, old bool) (sample, error) {
	program := p.new
	if old {
		program = p.old
	}
	s, err := stream(ctx, set, program)
	switch {
	case ctx.Err() != nil:
		return s, ctx.Err()
	case err != nil:
		return s, &failure{old, err}
	}
	return s, nil
}

// warmUp runs one stream of each, which does not count: the first one after a build pays for cold memory.
func (p programs) warmUp(ctx context.Context, set settings) error {
	for _, old := range []bool{true, false} {
		if _, err := p.measure(ctx, set, old); err != nil {
			return err
		}
	}
	return nil
}

// stream runs gen | program tx -> program rx | sink over loopback, with the program's own defaults.
func stream(ctx context.Context, set settings, program string) (sample, error) {
	p := &plumbing{Crew: crew.New(ctx)}
	defer p.End()
	if err := p.start(set, program); err != nil {
		return sample{}, err
	}
	return p.finish(set)
}

// plumbing is one stream that runs.
type plumbing struct {
	*crew.Crew
	gen, tx, rx, sink *crew.Child
}

// start starts consumer, rx, tx and producer, in this order.
func (p *plumbing) start(set settings, program string) error {
	port, err := crew.FreePort()
	if err != nil {
		return err
	}
	fromRX, intoSink, err := p.Pipe()
	if err != nil {
		return err
	}
	if p.sink, err = p.Role(set.self, fromRX, nil, "sink", "0", "0", ends.ByRead); err != nil {
		return err
	}
	if p.rx, err = p.Start([]string{program, "rx", strconv.Itoa(int(port))}, nil, intoSink); err != nil {
		return err
	}
	if err := p.Listening(p.rx, port); err != nil {
		return err
	}
	fromGen, intoTX, err := p.Pipe()
	if err != nil {
		return err
	}
	if p.tx, err = p.Start([]string{program, "tx", "127.0.0.1", strconv.Itoa(int(port))}, fromGen, nil); err != nil {
		return err
	}
	p.gen, err = p.Role(set.self, nil, intoTX, "gen", strconv.FormatUint(set.bytes(), 10), ends.ByWrite)
	p.LetGo()
	return err
}

// finish waits for all and gives the figures.
func (p *plumbing) finish(set settings) (sample, error) {
	for _, end := range []struct {
		name string
		p    *crew.Child
	}{{"tx", p.tx}, {"rx", p.rx}, {"consumer", p.sink}, {"producer", p.gen}} {
		if err := end.p.Wait(); err != nil {
			return sample{}, fmt.Errorf("%s: %w", end.name, err)
		}
	}
	got, seconds, err := ends.ParseSink(p.sink.Out.String())
	if err != nil {
		return sample{}, err
	}
	if got != set.bytes() {
		return sample{}, fmt.Errorf("%d bytes came out of %d", got, set.bytes())
	}
	perGiB := func(c *crew.Child) float64 { return c.CPU().Seconds() / set.gib }
	return sample{float64(got) / seconds, perGiB(p.tx), perGiB(p.rx)}, nil
}

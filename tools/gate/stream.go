package main

import (
	"context"

	"viamillipede/tools/internal/ends"
	"viamillipede/tools/internal/pipeline"
)

// sample is what one stream gave.
type sample struct {
	rate    float64 // bytes a second at the consumer
	tx, rx  float64 // CPU seconds per GiB
	all     float64 // likewise, of producer and consumer too: a page is freed by whoever drops it last
	machine float64 // likewise, of all that ran meanwhile
}

// failure is the error of a stream of one of the two programs.
type failure struct {
	old bool
	err error
}

func (f *failure) Error() string {
	return map[bool]string{true: "old program: ", false: "new program: "}[f.old] + f.err.Error()
}

func (f *failure) Unwrap() error { return f.err }

// measure runs one stream of the old or the new program. The error is that of ctx if it has ended, otherwise a *failure.
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

// warmUp runs one stream of each that does not count: the first one after a build pays for cold memory.
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
	r, err := pipeline.Run(ctx, pipeline.Plan{
		RX:       pipeline.End{Command: []string{program, "rx", "PORT"}},
		TX:       pipeline.End{Command: []string{program, "tx", "127.0.0.1", "PORT"}},
		Producer: ends.Producer(set.self, set.bytes(), ends.ByWrite),
		Consumer: ends.Consumer(set.self, ends.ByRead),
		Bytes:    set.bytes(),
	})
	if err != nil {
		return sample{}, err
	}
	return sample{r.Rate(), r.PerGiB(r.TX.Seconds), r.PerGiB(r.RX.Seconds), r.PerGiB(r.All), r.PerGiB(r.Machine)}, nil
}

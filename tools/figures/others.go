package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"viamillipede/tools/internal/crew"
	"viamillipede/tools/internal/ends"
)

// measureRemote runs one stream whose consumer is started by tx, on the other host, and says its figures through tx.
func measureRemote(ctx context.Context, set settings, c contender) (sample, error) {
	p := &plumbing{Crew: crew.New(ctx)}
	defer p.End()
	in, out, err := p.Pipe()
	if err != nil {
		return sample{}, err
	}
	if p.tx, err = p.launch(c, c.tx, in, nil); err != nil {
		return sample{}, err
	}
	if p.gen, err = p.Role(set.self, nil, out, "gen", strconv.FormatUint(set.bytes(), 10), feedWrite); err != nil {
		return sample{}, err
	}
	p.LetGo()
	if err := p.tx.Wait(); err != nil {
		return sample{}, err
	}
	got, seconds, err := ends.ParseSink(p.tx.Out.String())
	if err == nil && got != set.bytes() {
		err = fmt.Errorf("%d bytes came out of %d", got, set.bytes())
	}
	if err != nil {
		return sample{}, err
	}
	gib := float64(got) / (1 << 30)
	return sample{rate: float64(got) / seconds / 1e9, tx: p.tx.CPU().Seconds() / gib}, p.gen.Wait()
}

// measureIperf runs one test of iperf3, which has a producer and a consumer in itself, and no pipes.
func measureIperf(ctx context.Context, set settings, c contender) (sample, error) {
	p := &plumbing{Crew: crew.New(ctx)}
	defer p.End()
	var err error
	if p.port, err = crew.FreePort(); err != nil {
		return sample{}, err
	}
	if p.rx, err = p.launch(c, c.rx, nil, nil); err != nil {
		return sample{}, err
	}
	if err := p.Listening(p.rx, p.port); err != nil {
		return sample{}, err
	}
	tx := slices.Clone(c.tx)
	tx[slices.Index(tx, "BYTES")] = strconv.FormatUint(set.bytes(), 10)
	if p.tx, err = p.launch(c, tx, nil, nil); err != nil {
		return sample{}, err
	}
	if err := errors.Join(p.tx.Wait(), p.rx.Wait()); err != nil {
		return sample{}, err
	}
	rate, got, err := parseIperf(p.tx.Out.String())
	if err != nil {
		return sample{}, err
	}
	gib := float64(got) / (1 << 30)
	return sample{rate: rate, tx: p.tx.CPU().Seconds() / gib, rx: p.rx.CPU().Seconds() / gib}, nil
}

// parseIperf finds what came in, in GB/s and in bytes, in what iperf3 -J says. It stops when all is written to the socket, and
// does not count what is still under way then.
func parseIperf(text string) (rate float64, bytes uint64, err error) {
	var said struct {
		Error string
		End   struct {
			Received struct {
				Bytes uint64
				Rate  float64 `json:"bits_per_second"`
			} `json:"sum_received"`
		}
	}
	if err := json.NewDecoder(strings.NewReader(text)).Decode(&said); err != nil {
		return 0, 0, fmt.Errorf("iperf3 said %.100q: %w", text, err)
	}
	if said.Error != "" {
		return 0, 0, fmt.Errorf("iperf3: %s", said.Error)
	}
	got := said.End.Received
	if got.Bytes == 0 || got.Rate <= 0 {
		return 0, 0, errors.New("iperf3 received nothing")
	}
	return got.Rate / 8 / 1e9, got.Bytes, nil
}

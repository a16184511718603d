package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"viamillipede/tools/internal/ends"
	"viamillipede/tools/internal/pipeline"
)

// contender is a way to move a stream. "PORT" in a command is replaced by a free port.
type contender struct {
	name  string
	rx    []string      // nil, and tx too: no ends, the producer's pipe is the consumer's; nil alone: tx itself writes what it reads
	tx    []string      //
	ours  bool          // viamillipede, which reports how many links it lost and what it resent (told)
	kills time.Duration // a connection is killed this often; 0 means never

	anyhow    bool   // another program, whose exit status means nothing
	strangers bool   // strangers come to the port while the stream runs
	remote    bool   // tx makes another host run the consumer, which we cannot observe
	alone     bool   // produces and counts the stream itself (iperf3)
	feed      string // how the producer makes the stream; "" is feedWrite
	drain     string // how the consumer takes it; "" is drainRead
}

// How producers make a stream and consumers take it.
const (
	feedWrite    = ends.ByWrite
	feedVmsplice = ends.ByVMSplice
	feedFile     = "file" // no producer: stdin is a file on tmpfs
	drainRead    = ends.ByRead
	drainSplice  = ends.BySplice
	drainFile    = "file" // no consumer: stdout is a file on tmpfs
	drainNull    = "null" // no consumer: stdout is the null device
)

// sample is what one stream gave.
type sample struct {
	rate    float64 // GB/s (10^9 bytes) at the consumer
	tx, rx  float64 // CPU seconds per GiB
	machine float64 // likewise, of everything that ran meanwhile
	lost    float64 // links lost, as counted by tx
	resent  float64 // bytes resent, as a fraction of the stream

	referred bool // ours: all legs went by reference
}

// sampleOf is what the stream itself gave.
func sampleOf(r pipeline.Result) sample {
	return sample{rate: r.Rate() / 1e9, tx: r.PerGiB(r.TX.Seconds), rx: r.PerGiB(r.RX.Seconds), machine: r.PerGiB(r.Machine)}
}

// plan is a stream of the contender, without the files at its ends.
func (c contender) plan(set settings) pipeline.Plan {
	p := pipeline.Plan{
		RX: pipeline.End{Command: c.rx}, TX: pipeline.End{Command: c.tx},
		Bytes: set.bytes(), Anyhow: c.anyhow, Abroad: c.remote,
	}
	if !c.alone && c.feed != feedFile {
		p.Producer = ends.Producer(set.self, set.bytes(), cmp.Or(c.feed, feedWrite))
	}
	if !c.alone && !c.remote && c.drain != drainFile && c.drain != drainNull {
		p.Consumer = ends.Consumer(set.self, cmp.Or(c.drain, drainRead))
	}
	return p
}

// measure runs one stream.
func measure(ctx context.Context, set settings, c contender) (sample, error) {
	if c.kills > 0 && os.Geteuid() != 0 {
		return sample{}, errors.New("needs root")
	}
	plan := c.plan(set)
	files, err := openFiles(set, c, &plan)
	defer files.close()
	if err != nil {
		return sample{}, err
	}
	if !c.ours {
		s, _, err := c.run(ctx, plan)
		return s, cmp.Or(err, files.check(set))
	}
	var told summary
	defer told.forget()
	if err := told.ask(&plan); err != nil {
		return sample{}, err
	}
	s, kills, err := c.run(ctx, plan)
	if err = cmp.Or(err, files.check(set)); err != nil {
		return s, err
	}
	sum, err := told.read()
	s.lost, s.resent, s.referred = sum.lost, sum.resent/float64(set.bytes()), sum.referred
	if err == nil && s.lost == 0 && kills > 0 {
		err = fmt.Errorf("%d connections were killed and none was missed", kills)
	}
	return s, err
}

// run runs a stream to its end, with everything that should happen meanwhile, and returns how many of its connections
// were killed.
func (c contender) run(ctx context.Context, plan pipeline.Plan) (s sample, kills int, err error) {
	stream, err := pipeline.Start(ctx, plan)
	if err != nil {
		return sample{}, 0, err
	}
	defer stream.End()
	var r pipeline.Result
	switch {
	case c.strangers:
		r, err = besieged(ctx, stream)
	case c.kills > 0:
		r, kills, err = attacked(stream, c.kills)
	default:
		r, err = stream.Wait()
	}
	switch {
	case err != nil:
		return sample{}, kills, err
	case c.alone:
		s, err = sampleOfIperf(r, stream.TX.Out.String())
		return s, kills, err
	}
	return sampleOf(r), kills, nil
}

// besieged finishes the stream while strangers come to its port.
func besieged(ctx context.Context, stream *pipeline.Stream) (pipeline.Result, error) {
	crowd := inviteStrangers(ctx, stream.Port)
	r, err := stream.Wait()
	if errVisit := crowd.stop(); err == nil && errVisit != nil {
		err = fmt.Errorf("strangers: %w", errVisit)
	}
	return r, err
}

// attacked finishes the stream while its connections are killed, and returns how many were.
func attacked(stream *pipeline.Stream, every time.Duration) (pipeline.Result, int, error) {
	k := startKiller(stream.Port, every)
	r, err := stream.Wait()
	kills, errKill := k.stop()
	if err == nil && errKill != nil {
		err = fmt.Errorf("kill a connection: %w", errKill)
	}
	return r, kills, err
}

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"viamillipede/tools/internal/crew"
	"viamillipede/tools/internal/ends"
)

// contender is a way to move a stream. "PORT" in a command is replaced by a free port.
type contender struct {
	name  string
	rx    []string      // nil: none, the producer's pipe is the consumer's
	tx    []string      //
	ours  bool          // viamillipede: exits with 0 and prints a summary
	kills time.Duration // a connection is killed this often; 0 is never

	counted   bool   // switches and migrations of both ends are wanted
	strangers bool   // others come to the port while the stream runs
	remote    bool   // tx has another host run the consumer, which is out of our sight
	alone     bool   // makes the stream and counts it by itself (iperf3)
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
	rate   float64 // GB/s (10^9 bytes) at the consumer
	tx, rx float64 // CPU seconds per GiB
	lost   int     // links lost, as tx counted
	resent float64 // bytes sent again, as a share of the stream
}

// plumbing is one stream that runs.
type plumbing struct {
	*crew.Crew
	port              uint16
	gen, tx, rx, sink *crew.Child // tx and rx are nil for the local pipe
}

// plumb starts producer | tx ... rx | consumer; sinkArgs are those of the role. The caller ends the crew, on errors too.
func plumb(ctx context.Context, set settings, c contender, sinkArgs ...string) (*plumbing, error) {
	sinkArgs = append(sinkArgs, cmp.Or(c.drain, drainRead))
	p := &plumbing{Crew: crew.New(ctx)}
	genOut, err := p.receivingHalf(set, c, sinkArgs)
	if err != nil {
		return p, err
	}
	if c.tx != nil {
		var in *os.File
		if in, genOut, err = p.Pipe(); err != nil {
			return p, err
		}
		if p.tx, err = p.launch(c, c.tx, in, nil); err != nil {
			return p, err
		}
	}
	p.gen, err = p.Role(set.self, nil, genOut, "gen",
		strconv.FormatUint(set.bytes(), 10), cmp.Or(c.feed, feedWrite))
	p.LetGo()
	return p, err
}

// receivingHalf starts the consumer and rx, waits until rx listens, and gives the pipe into the consumer.
func (p *plumbing) receivingHalf(set settings, c contender, sinkArgs []string) (*os.File, error) {
	r, w, err := p.Pipe()
	if err != nil {
		return nil, err
	}
	if p.sink, err = p.Role(set.self, r, nil, append([]string{"sink"}, sinkArgs...)...); err != nil || c.rx == nil {
		return w, err
	}
	if p.port, err = crew.FreePort(); err != nil {
		return nil, err
	}
	if p.rx, err = p.launch(c, c.rx, nil, w); err != nil {
		return nil, err
	}
	return w, p.Listening(p.rx, p.port)
}

// launch starts one end of a contender.
func (p *plumbing) launch(c contender, argv []string, stdin, stdout *os.File) (*crew.Child, error) {
	if c.counted {
		return p.StartCounted(withPort(argv, p.port), stdin, stdout)
	}
	return p.Start(withPort(argv, p.port), stdin, stdout)
}

// finish waits for all and gives the consumer's figures.
func (p *plumbing) finish(set settings, c contender) (sample, error) {
	if err := p.sink.Wait(); err != nil {
		return sample{}, fmt.Errorf("consumer: %w", err)
	}
	got, seconds, err := ends.ParseSink(p.sink.Out.String())
	if err != nil {
		return sample{}, err
	}
	s := sample{rate: float64(got) / seconds / 1e9}
	if c.tx != nil {
		if err := p.ended(c, &s, float64(set.bytes())); err != nil {
			return s, err
		}
	}
	if got != set.bytes() {
		return s, fmt.Errorf("%d bytes came out of %d", got, set.bytes())
	}
	return s, p.gen.Wait()
}

// ended waits for both ends and adds what they say of themselves.
func (p *plumbing) ended(c contender, s *sample, bytes float64) error {
	errTX, errRX := p.tx.Wait(), p.rx.Wait()
	s.tx, s.rx = p.tx.CPU().Seconds()/(bytes/(1<<30)), p.rx.CPU().Seconds()/(bytes/(1<<30))
	if !c.ours {
		return nil // the bytes that came out tell; some exit with what they like
	}
	if errTX != nil {
		return fmt.Errorf("tx: %w", errTX)
	}
	if errRX != nil {
		return fmt.Errorf("rx: %w", errRX)
	}
	sum, err := parseSummary(p.tx.Said.String())
	s.lost, s.resent = sum.lost, float64(sum.resent)/bytes
	return err
}

// measure runs one stream.
func measure(ctx context.Context, set settings, c contender) (sample, error) {
	if c.kills > 0 && os.Geteuid() != 0 {
		return sample{}, errors.New("needs root")
	}
	switch {
	case c.feed == feedFile:
		return measureFile(ctx, set, c)
	case c.remote:
		return measureRemote(ctx, set, c)
	case c.alone:
		return measureIperf(ctx, set, c)
	}
	p, err := plumb(ctx, set, c, "0", "0")
	defer p.End()
	if err != nil {
		return sample{}, err
	}
	switch {
	case c.strangers:
		return p.besieged(ctx, set, c)
	case c.kills > 0:
		return p.attacked(set, c)
	}
	return p.finish(set, c)
}

// besieged finishes the stream while strangers come to its port.
func (p *plumbing) besieged(ctx context.Context, set settings, c contender) (sample, error) {
	crowd := inviteStrangers(ctx, p.port)
	s, err := p.finish(set, c)
	if errVisit := crowd.stop(); err == nil && errVisit != nil {
		err = fmt.Errorf("strangers: %w", errVisit)
	}
	return s, err
}

// attacked finishes the stream while its connections are killed.
func (p *plumbing) attacked(set settings, c contender) (sample, error) {
	k := startKiller(p.port, c.kills)
	s, err := p.finish(set, c)
	kills, errKill := k.stop()
	if err == nil && errKill != nil {
		err = fmt.Errorf("kill a connection: %w", errKill)
	}
	if err == nil && s.lost == 0 && kills > 0 {
		err = fmt.Errorf("%d connections were killed and none was missed", kills)
	}
	return s, err
}

func withPort(argv []string, port uint16) []string {
	argv = slices.Clone(argv)
	for i := range argv {
		argv[i] = strings.ReplaceAll(argv[i], "PORT", strconv.Itoa(int(port)))
	}
	return argv
}

package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"

	"viamillipede/tools/internal/crew"
	"viamillipede/tools/internal/ends"
)

// sample is what one stream gave.
type sample struct {
	rate      float64   // GB/s (10^9 bytes) at the consumer
	tx, rx    crew.Cost // per GiB
	uncounted error     // why the costs have no migrations
}

// commands are both ends without their program.
func commands(set settings, c place, port string) (rx, tx []string) {
	rx = []string{"rx", port, "verbose", "1", "cpus", strconv.Itoa(c.loop)}
	tx = []string{"tx", rxAddress, port, "verbose", "1", "threads", strconv.Itoa(set.threads), "cpus", "off"}
	return rx, tx
}

func words(list []string) string { return strings.Join(list, " ") }

// measure runs one stream of a case.
func measure(ctx context.Context, set settings, net *network, c place) (sample, error) {
	if err := net.steer(c.packets); err != nil {
		return sample{}, err
	}
	p := &plumbing{Crew: crew.New(ctx)}
	defer p.End()
	if err := p.start(set, net, c); err != nil {
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
func (p *plumbing) start(set settings, net *network, c place) error {
	rx, tx := commands(set, c, strconv.Itoa(port))
	fromRX, intoSink, err := p.Pipe()
	if err != nil {
		return err
	}
	if p.sink, err = p.Role(set.self, fromRX, nil, "sink", "0", "0", ends.ByRead); err != nil {
		return err
	}
	if p.rx, err = p.in(net.rx, append([]string{set.bin}, rx...), nil, intoSink); err != nil {
		return err
	}
	if err := p.Listening(p.rx, port); err != nil {
		return err
	}
	fromGen, intoTX, err := p.Pipe()
	if err != nil {
		return err
	}
	if p.tx, err = p.in(net.tx, append([]string{set.bin}, tx...), fromGen, nil); err != nil {
		return err
	}
	p.gen, err = p.Role(set.self, nil, intoTX, "gen", strconv.FormatUint(set.bytes(), 10), ends.ByWrite)
	p.LetGo()
	return err
}

// in starts an end in a namespace.
func (p *plumbing) in(s *space, argv []string, stdin, stdout *os.File) (child *crew.Child, err error) {
	err = s.do(func() error {
		child, err = p.StartCounted(argv, stdin, stdout)
		return err
	})
	return child, err
}

// finish waits for all and gives the figures.
func (p *plumbing) finish(set settings) (sample, error) {
	for _, end := range []struct {
		name string
		p    *crew.Child
	}{{"consumer", p.sink}, {"tx", p.tx}, {"rx", p.rx}, {"producer", p.gen}} {
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
	s := sample{rate: float64(got) / seconds / 1e9}
	for end, cost := range map[*crew.Child]*crew.Cost{p.tx: &s.tx, p.rx: &s.rx} {
		all, err := end.Cost()
		if err != nil {
			s.uncounted = err
		}
		*cost = all.PerGiB(got)
	}
	return s, nil
}

package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"viamillipede/tools/internal/ends"
	"viamillipede/tools/internal/machine"
	"viamillipede/tools/internal/pipeline"
	"viamillipede/tools/internal/relay"
)

// sample is what one load gave. CPU time is in seconds for each GiB, memory that of all streams together.
type sample struct {
	Rate    float64 // GB/s (10^9 bytes): of one stream at its consumer, of several from the first start to the last end
	TX, RX  float64 // CPU time of the ends
	Machine float64 // CPU time of the whole machine
	PeakTX  float64 // MiB resident
	PeakRX  float64
}

// ours are the commands of both ends for a point.
func (set settings) ours(p point) relay.Ends {
	e := relay.Ends{RX: []string{set.bin, "rx", "PORT"}, TX: []string{set.bin}}
	for i := range p.hosts {
		e.TX = append(e.TX, "tx", "127.0.0."+strconv.Itoa(i+1), "PORT")
	}
	e.TX = append(e.TX, p.words...)
	return e
}

// plan is one of the streams of a load.
func (set settings) plan(l load, e relay.Ends, limit time.Duration) pipeline.Plan {
	bytes := l.bytes / uint64(l.streams)
	p := pipeline.Plan{
		RX: pipeline.End{Command: e.RX}, TX: pipeline.End{Command: e.TX}, Bytes: bytes, Watched: true, Limit: limit,
		Producer: ends.Producer(set.self, bytes, l.feed), Consumer: ends.Consumer(set.self, l.drain),
	}
	if l.piece > 0 {
		p.Producer = ends.Pieces(set.self, bytes, l.feed, l.piece)
	}
	return p
}

// measure moves a load through one kind of ends, all its streams at once.
func (set settings) measure(ctx context.Context, l load, e relay.Ends, limit time.Duration) (sample, error) {
	used, err := machine.Busy()
	if err != nil {
		return sample{}, err
	}
	began := time.Now()
	var running []*pipeline.Stream
	defer func() {
		for _, s := range running {
			s.End()
		}
	}()
	for range l.streams {
		s, err := pipeline.Start(ctx, set.plan(l, e, limit))
		if err != nil {
			return sample{}, err
		}
		running = append(running, s)
	}
	var all sample
	for i, s := range running {
		r, err := s.Wait()
		if err != nil {
			return sample{}, fmt.Errorf("stream %d: %w", i+1, err)
		}
		all.Rate = r.Rate() / 1e9
		all.TX, all.RX = all.TX+l.perGiB(r.TX.Seconds), all.RX+l.perGiB(r.RX.Seconds)
		all.PeakTX, all.PeakRX = all.PeakTX+r.TX.Peak, all.PeakRX+r.RX.Peak
	}
	if l.streams > 1 {
		all.Rate = float64(l.bytes) / time.Since(began).Seconds() / 1e9
	}
	now, err := machine.Busy()
	all.Machine = l.perGiB((now - used).Seconds())
	return all, err
}

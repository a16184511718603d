package main

import (
	"context"
	"time"

	"viamillipede/tools/internal/ends"
	"viamillipede/tools/internal/pipeline"
)

const (
	peakWindow = "64M"
	peakPause  = 2 * time.Second // how long the consumer stops in mid-stream
)

// takePeaks measures the peak resident memory of both ends, in MiB, when the consumer stops in mid-stream.
func takePeaks(ctx context.Context, set settings, b *board) {
	tx, rx, err := peaks(ctx, set)
	b.add(rowPeakTX, tx, err)
	b.add(rowPeakRX, rx, err)
}

func peaks(ctx context.Context, set settings) (tx, rx float64, err error) {
	c := mainCase(rowPeakTX, set.bin)
	c.rx, c.tx = append(c.rx, "window", peakWindow), append(c.tx, "window", peakWindow)
	plan := c.plan(set)
	plan.Consumer = ends.Pausing(set.self, drainRead, set.bytes()/2, peakPause)
	plan.Watched = true
	r, err := pipeline.Run(ctx, plan)
	return r.TX.Peak, r.RX.Peak, err
}

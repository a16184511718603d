package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"viamillipede/tools/internal/ends"
	"viamillipede/tools/internal/pipeline"
)

const (
	peakWindow = "64M"
	peakPause  = 2 * time.Second       // how long the consumer stops in mid-stream
	peakPoll   = 20 * time.Millisecond // between two looks at a process
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
	s, err := pipeline.Start(ctx, plan)
	if err != nil {
		return 0, 0, err
	}
	defer s.End()
	watched := []*watch{watchPeak(s.TX.Process.Pid), watchPeak(s.RX.Process.Pid)}
	_, err = s.Wait()
	return watched[0].stop(), watched[1].stop(), err
}

// watch polls the peak of a process (VmHWM, proc_pid_status(5)), since it cannot be read once the process has ended. The
// peak that wait4(2) reports would include the parent's.
type watch struct {
	quit chan struct{}
	done chan struct{} // closed by run; mib is the caller's from then on
	mib  float64
}

func watchPeak(pid int) *watch {
	w := &watch{quit: make(chan struct{}), done: make(chan struct{})}
	go w.run(fmt.Sprintf("/proc/%d/status", pid))
	return w
}

func (w *watch) run(file string) {
	defer close(w.done)
	tick := time.NewTicker(peakPoll)
	defer tick.Stop()
	for {
		if text, err := os.ReadFile(file); err == nil {
			if kib, err := parsePeak(string(text)); err == nil {
				w.mib = float64(kib) / 1024
			}
		}
		select {
		case <-tick.C:
		case <-w.quit:
			return
		}
	}
}

// stop returns the last peak seen, in MiB.
func (w *watch) stop() float64 {
	close(w.quit)
	<-w.done
	return w.mib
}

// parsePeak finds VmHWM, in KiB.
func parsePeak(status string) (int64, error) {
	for line := range strings.Lines(status) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			return strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
		}
	}
	return 0, fmt.Errorf("no VmHWM in the status of a process")
}

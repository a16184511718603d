package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"viamillipede/tools/internal/machine"
)

// settle is how long all streams have to flow before it counts.
const settle = time.Second

// sample is what moved in the interval. The zero sample is that of a load that failed.
type sample struct {
	rate        float64 // of all streams together, bytes a second
	least, most float64 // the shares of the slowest and the fastest stream, of the mean
	uneven      int     // streams whose share is not within unevenBy of the mean
	tx, rx      float64 // CPU seconds a GiB of all senders and of the receiver, or of the relays' ends
	machine     float64 // likewise, of everything
}

// unevenBy is by how much the share of a stream may differ.
const unevenBy = 0.2

// moment is what has been counted up to a moment.
type moment struct {
	at     time.Time
	counts map[string]uint64
	tx, rx time.Duration
	busy   time.Duration
}

// measure runs a load once.
func (set settings) measure(ctx context.Context, r *row) (s sample, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, loadLimit, fmt.Errorf("not done within %v", loadLimit))
	defer cancel()
	folder, err := os.MkdirTemp("", "many-")
	if err != nil {
		return s, err
	}
	defer os.RemoveAll(folder)
	l := &load{ctx: ctx, folder: folder}
	defer func() { // after an error
		cancel()
		_ = l.finish()
	}()
	begin := l.ours
	if r.relays {
		begin = l.bare
	}
	if err := begin(set, r.streams); err != nil {
		return s, err
	}
	if err := l.flows(r.streams); err != nil {
		return s, err
	}
	from, to, err := l.interval(set.lasts)
	if err != nil {
		return s, err
	}
	return between(from, to), l.finish()
}

// flows waits until something of each stream has come out, and a little longer.
func (l *load) flows(n int) error {
	err := l.until(fmt.Sprintf("not all of %d streams flow", n), func() (bool, error) {
		counts, err := drained(l.folder)
		return len(counts) == n, err
	})
	if err == nil {
		err = l.pause(settle)
	}
	return err
}

func (l *load) interval(lasts time.Duration) (from, to moment, err error) {
	if from, err = l.now(); err != nil {
		return from, to, err
	}
	if err = l.pause(lasts); err == nil {
		to, err = l.now()
	}
	return from, to, err
}

func (l *load) pause(d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-l.ctx.Done():
		return context.Cause(l.ctx)
	}
}

func (l *load) now() (m moment, err error) {
	if m.counts, err = drained(l.folder); err != nil {
		return m, err
	}
	m.at = time.Now()
	if m.tx, err = used(l.tx); err == nil {
		m.rx, err = used(l.rx)
	}
	if err == nil {
		m.busy, err = machine.Busy()
	}
	return m, err
}

// used is the CPU time of processes that run (proc_pid_stat(5)).
func used(processes []*process) (sum time.Duration, err error) {
	const tick = 10 * time.Millisecond // on amd64 and arm64
	for _, p := range processes {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.Process.Pid))
		if err != nil {
			return 0, err
		}
		var user, system int64
		_, after, _ := strings.Cut(string(text), ") ")
		f := strings.Fields(after)
		if len(f) < 13 {
			return 0, fmt.Errorf("statistics of a process are %q", text)
		}
		if _, err := fmt.Sscan(f[11], &user); err != nil {
			return 0, err
		}
		if _, err := fmt.Sscan(f[12], &system); err != nil {
			return 0, err
		}
		sum += time.Duration(user+system) * tick
	}
	return sum, nil
}

// between is what moved from one moment to another.
func between(from, to moment) (s sample) {
	var total float64
	var shares []float64
	for stream, before := range from.counts {
		n := float64(to.counts[stream] - before)
		total += n
		shares = append(shares, n)
	}
	mean := total / float64(len(shares))
	if mean == 0 {
		return s
	}
	for i := range shares {
		shares[i] /= mean
		if shares[i] < 1-unevenBy || shares[i] > 1+unevenBy {
			s.uneven++
		}
	}
	s.rate = total / to.at.Sub(from.at).Seconds()
	s.least, s.most = slices.Min(shares), slices.Max(shares)
	per := func(d time.Duration) float64 { return d.Seconds() / (total / (1 << 30)) }
	s.tx, s.rx, s.machine = per(to.tx-from.tx), per(to.rx-from.rx), per(to.busy-from.busy)
	return s
}

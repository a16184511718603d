package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"viamillipede/tools/internal/pipeline"
	"viamillipede/tools/internal/relay"
)

// fewest is how many rounds there are on however slow a machine.
const fewest = 3

// runner measures everything within its time.
type runner struct {
	set    settings
	sweeps []sweep
	end    time.Time // when all must be done
	found  found
}

func newRunner(set settings) *runner {
	r := &runner{set: set, end: time.Now().Add(set.time)}
	for _, s := range sweeps() {
		if len(set.only) == 0 || slices.Contains(set.only, s.name) {
			r.sweeps = append(r.sweeps, s)
			r.found.Sweeps = append(r.found.Sweeps, grown{Name: s.name, Axis: s.axis, Command: s.command})
		}
	}
	return r
}

// all makes the rounds and then what is too long for them. What is not done when the time is up is told, and has no figure.
func (r *runner) all(asked context.Context) (found, error) {
	ctx, cancel := context.WithDeadlineCause(asked, r.end, fmt.Errorf("not done within %v", r.set.time))
	defer cancel()
	r.forecast()
	err := r.everything(ctx)
	if err != nil && asked.Err() == nil && ctx.Err() != nil && r.found.Rounds > 0 {
		r.found.Failed = append(r.found.Failed, err.Error())
		err = nil
	}
	return r.found, err
}

func (r *runner) everything(ctx context.Context) error {
	for round := range r.set.rounds {
		began := time.Now()
		for i := range r.sweeps {
			if err := r.round(ctx, i, round); err != nil {
				return err
			}
		}
		r.found.Rounds++
		took := time.Since(began)
		if r.found.Rounds >= fewest && time.Until(r.end) < took+r.later() {
			fmt.Fprintf(os.Stderr, "growth: no time for another round\n")
			break
		}
	}
	return r.last(ctx)
}

// forecast says how long it will take.
func (r *runner) forecast() {
	part := float64(len(r.sweeps)) / float64(len(sweeps()))
	about := time.Duration(float64(typical)*part) * time.Duration(r.set.rounds)
	if r.hasLong() {
		about += lastly
	}
	fmt.Fprintf(os.Stderr, "growth: about %v on two quiet CPUs, %v at most: done by %s\n", about.Round(time.Second), r.set.time, r.end.UTC().Format("15:04:05 MST"))
}

func (r *runner) hasLong() bool {
	return slices.ContainsFunc(r.sweeps, func(s sweep) bool { return len(s.long) > 0 })
}

// round measures a sweep once: the relay beside ours, before it in every second round and after it in the others. Points
// with the same load are compared with the same stream of the relay.
func (r *runner) round(ctx context.Context, i, round int) error {
	points := slices.Clone(r.sweeps[i].points)
	back := round%2 == 1
	if back {
		slices.Reverse(points)
	}
	for at := 0; at < len(points); {
		same := at + 1
		for same < len(points) && points[same].load == points[at].load {
			same++
		}
		if err := r.group(ctx, i, points[at:same], back); err != nil {
			return err
		}
		at = same
	}
	return nil
}

// group measures points of one load, and the relay before or after them.
func (r *runner) group(ctx context.Context, i int, points []point, back bool) error {
	var bare *sample
	relayed := func() error {
		var err error
		bare, err = r.take(ctx, i, "the relay for "+points[0].name, points[0].load, relay.Limit(r.set.self))
		return err
	}
	if !back {
		if err := relayed(); err != nil {
			return err
		}
	}
	var mine []*sample
	for _, p := range points {
		s, err := r.take(ctx, i, p.name, p.load, r.set.ours(p))
		if err != nil {
			return err
		}
		mine = append(mine, s)
	}
	if back {
		if err := relayed(); err != nil {
			return err
		}
	}
	for n, p := range points {
		r.found.Sweeps[i].add(p.name, pair{mine[n], bare})
	}
	return nil
}

// take measures one load. A stream that fails is told and gives no figure; it is an error only if there is no time left.
func (r *runner) take(ctx context.Context, i int, what string, l load, e relay.Ends) (*sample, error) {
	fmt.Fprintf(os.Stderr, "growth: round %d, %s: %s\n", r.found.Rounds+1, r.sweeps[i].name, what)
	s, err := r.set.measure(ctx, l, e, max(pipeline.Limit, time.Until(r.end)))
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "growth: %s %s: %v\n", r.sweeps[i].name, what, err)
		r.found.Failed = append(r.found.Failed, fmt.Sprintf("%s, %s: %v", r.sweeps[i].name, what, err))
		return nil, nil
	}
	return &s, nil
}

// reference is how many times faster than a written stream one by reference is at least taken to be, until it is measured.
const reference = 2

// later is how long what comes after the rounds is likely to take, with a last stream of 512 GiB.
func (r *runner) later() time.Duration {
	if !r.hasLong() {
		return 0
	}
	var speed float64 // GB/s
	for _, g := range r.found.Sweeps {
		if g.Name == "lengths" {
			speed = g.typical()
		}
	}
	if speed == 0 {
		return lastly
	}
	gigabytes := 2*64*float64(gib)/1e9 + 512*float64(gib)/1e9/reference
	return time.Duration(gigabytes / speed * float64(time.Second))
}

// last measures the long streams of all sweeps, once each.
func (r *runner) last(ctx context.Context) error {
	for i, s := range r.sweeps {
		for _, p := range s.long {
			if err := r.group(ctx, i, []point{p}, false); err != nil {
				return err
			}
		}
		if len(s.long) == 0 {
			continue
		}
		if err := r.ending(ctx, i); err != nil {
			return err
		}
	}
	return nil
}

// ending measures the last stream, which is as long as there is time for, after a shorter one of the relay.
func (r *runner) ending(ctx context.Context, i int) error {
	short := byReference(compared)
	bare, err := r.take(ctx, i, "the relay for the last", short.load, relay.Limit(r.set.self))
	if err != nil {
		return err
	}
	mine, err := r.take(ctx, i, short.name, short.load, r.set.ours(short))
	if err != nil || bare == nil || mine == nil {
		return err
	}
	r.found.Sweeps[i].add(short.name, pair{mine, bare})
	const margin = 1.25 // what a long stream may take longer than a short one at its rate
	for _, bytes := range longest() {
		if needs := time.Duration(float64(bytes) / mine.Rate * margin); time.Until(r.end) < needs { // bytes at GB/s: ns
			continue
		}
		p := byReference(bytes)
		if mine, err = r.take(ctx, i, p.name, p.load, r.set.ours(p)); mine != nil {
			r.found.Sweeps[i].add(p.name, pair{mine, bare})
		}
		return err
	}
	return nil
}

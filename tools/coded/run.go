package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"viamillipede/netio/lab"
)

// sample is what one stream gave.
type sample struct {
	seconds float64 // from the start of the sender's pipeline to the end of both
	fed     float64 // until all of the source was read
	tx, rx  float64 // CPU seconds of each side, all its programs together
	coders  float64 // of the sender's: of its coders, as it says itself
	ratio   float64 // how many times shorter the stream became, likewise; 0: nothing is known
}

const (
	streamLimit = time.Minute // for one stream
	startLimit  = 10 * time.Second
)

// measure runs the stream once.
func (r *row) measure(ctx context.Context, n *lab.Lab) error {
	ctx, cancel := context.WithTimeout(ctx, streamLimit)
	defer cancel()
	if err := n.Shape(0, r.path.bits); err != nil {
		return err
	}
	var rx *lab.Cmd
	var out bytes.Buffer
	if r.before != nil {
		stop, err := r.before(ctx, n)
		if err != nil {
			return err
		}
		defer stop()
	} else {
		_ = os.Remove(r.ready)
		rx = shell(ctx, n, lab.RX, r.rx+" | wc -c")
		rx.Stdout = &out
		if err := rx.Start(); err != nil {
			return err
		}
		defer func() { cancel(); _ = rx.Wait() }()
		if err := r.listens(ctx); err != nil {
			return err
		}
	}
	tx := shell(ctx, n, lab.TX, "{ cat "+r.of.file+"; : >"+r.mark+"; } | "+r.tx)
	var said bytes.Buffer
	tx.Stderr = &said
	if rx == nil {
		tx.Stdout = &out
	}
	begun := time.Now()
	err := tx.Run()
	if rx != nil {
		err = errors.Join(err, rx.Wait())
	}
	s := sample{seconds: time.Since(begun).Seconds()}
	if err != nil {
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(said.String()))
	}
	if came, err := strconv.ParseInt(strings.TrimSpace(out.String()), 10, 64); err != nil || came != r.of.bytes {
		return fmt.Errorf("%q bytes came out of %d", out.String(), r.of.bytes)
	}
	s.tx = cpu(tx)
	if rx != nil {
		s.rx = cpu(rx)
	}
	if r.coder != "" {
		s.coders, s.ratio = coded(said.String())
	}
	read, err := os.Stat(r.mark)
	if err != nil {
		return err
	}
	s.fed = read.ModTime().Sub(begun).Seconds()
	r.samples = append(r.samples, s)
	return nil
}

// shell is a pipeline at one side, which fails if one of its programs does.
func shell(ctx context.Context, n *lab.Lab, side lab.Side, line string) *lab.Cmd {
	c := n.Command(ctx, side, "bash", "-c", "set -o pipefail; "+line)
	c.Stderr = os.Stderr
	if side == lab.RX {
		c.Stderr = nil // its summary
	}
	return c
}

// cpu is the CPU time of a pipeline that has ended, in seconds: its shell has waited for all of it.
func cpu(c *lab.Cmd) float64 {
	return (c.ProcessState.UserTime() + c.ProcessState.SystemTime()).Seconds()
}

// listens waits until the receiver has written that it takes connections.
func (r *row) listens(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	for {
		if said, err := os.ReadFile(r.ready); err == nil && len(said) > 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.New("the receiver does not listen")
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// summary is what a sender says of its chain.
var summary = regexp.MustCompile(`\(([\d.]+) to 1\).*?, ([\d.]+) s of CPU`)

// coded reads it.
func coded(said string) (seconds, ratio float64) {
	m := summary.FindStringSubmatch(said)
	if m == nil {
		return 0, 0
	}
	ratio, _ = strconv.ParseFloat(m[1], 64)
	seconds, _ = strconv.ParseFloat(m[2], 64)
	return seconds, ratio
}

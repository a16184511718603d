package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"syscall"
	"time"

	"viamillipede/tools/internal/pipeline"
)

// lives is how many lives of tx are measured in all, spread over the rounds.
const lives = 15

// takeLives measures short lives in turn: that of tx and, to see how much of it is process start, those of a Go program
// that does nothing (this one, with all its packages) and of viamillipede without a stream.
func takeLives(ctx context.Context, set settings, b *board) {
	for range (lives + set.rounds - 1) / set.rounds {
		ms, err := lifeOfTX(ctx, set)
		b.add(rowLife, ms, err)
		if set.secrets.key != "" {
			ms, err = lifeOfTX(ctx, set, "key", set.secrets.key)
			b.add(rowLifeKey, ms, err)
		}
		ms, err = life(ctx, nil, set.self, "empty")
		b.add(rowEmpty, ms, err)
		ms, err = life(ctx, nil, set.bin, "version")
		b.add(rowVersion, ms, err)
	}
}

// lifeOfTX is the life of tx, in ms, with two bytes waiting on its stdin and an rx that listens. Both have the words.
func lifeOfTX(ctx context.Context, set settings, words ...string) (float64, error) {
	s, err := pipeline.Start(ctx, pipeline.Plan{RX: pipeline.End{Command: append([]string{set.bin, "rx", "PORT"}, words...)}})
	if err != nil {
		return 0, err
	}
	defer s.End()
	in, w, err := pipeline.Pipe()
	if err != nil {
		return 0, err
	}
	defer in.Close()
	_, err = io.WriteString(w, "x\n")
	if err = errors.Join(err, w.Close()); err != nil {
		return 0, err
	}
	ms, err := life(s.Context(), in, append([]string{set.bin, "tx", "127.0.0.1", strconv.Itoa(int(s.Port))}, words...)...)
	if err != nil {
		return 0, err
	}
	if _, err := s.Wait(); err != nil {
		return 0, err
	}
	if got := s.RX.Out.String(); got != "x\n" {
		return 0, fmt.Errorf("rx wrote %q", got)
	}
	return ms, nil
}

// life is the time in ms from before the start of a process until its end is known, with as little work of our own in
// between as possible: no goroutines, no pipes. Its output goes to the null device; a nil stdin is that, too.
func life(ctx context.Context, stdin *os.File, argv ...string) (float64, error) {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return 0, err
	}
	defer null.Close()
	if stdin == nil {
		stdin = null
	}
	attr := &os.ProcAttr{
		Env: os.Environ(), Files: []*os.File{stdin, null, null}, Sys: &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL},
	}
	began := time.Now()
	p, err := os.StartProcess(argv[0], argv, attr)
	if err != nil {
		return 0, err
	}
	unwatch := context.AfterFunc(ctx, func() { _ = p.Kill() })
	state, err := p.Wait()
	took := time.Since(began)
	unwatch()
	if err != nil {
		return 0, err
	}
	if !state.Success() {
		return 0, fmt.Errorf("%s: %v", argv[0], state)
	}
	return float64(took) / 1e6, nil
}

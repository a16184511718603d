package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"viamillipede/tools/internal/pipeline"
)

const (
	idleSpan    = 5 * time.Second // what is measured
	idleSettle  = time.Second     // before that, so that the start or a burst of bytes has no effect any more
	pausedAfter = 64 << 20        // bytes sent before the silence so that all links are up
)

// takeIdle measures the CPU time of both ends, in per cent of one CPU, while stdin is silent after some bytes.
func takeIdle(ctx context.Context, set settings, b *board, name string, bytes int) {
	percent, err := idle(ctx, set, bytes)
	b.add(name, percent, err)
}

func idle(ctx context.Context, set settings, bytes int) (percent float64, err error) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return 0, err
	}
	defer null.Close()
	in, w, err := pipeline.Pipe()
	if err != nil {
		return 0, err
	}
	defer w.Close()
	s, err := pipeline.Start(ctx, pipeline.Plan{
		RX:    pipeline.End{Command: []string{set.bin, "rx", "PORT"}},
		TX:    pipeline.End{Command: []string{set.bin, "tx", "127.0.0.1", "PORT", "threads", "16"}},
		Stdin: in, Stdout: null,
	})
	in.Close() // only tx has it now, so that nobody waits for room in the pipe when tx ends
	if err != nil {
		return 0, err
	}
	defer s.End()
	if _, err := w.Write(make([]byte, bytes)); err != nil {
		return 0, err
	}
	if percent, err = busy(s.Context(), s.TX, s.RX); err != nil {
		return 0, err
	}
	if err := w.Close(); err != nil {
		return 0, err
	}
	_, err = s.Wait()
	return percent, err
}

// busy lets the processes settle and returns their CPU time over idleSpan, in per cent of one CPU.
func busy(ctx context.Context, all ...*pipeline.Child) (float64, error) {
	var used [2]time.Duration
	for i, pause := range []time.Duration{idleSettle, idleSpan} {
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		}
		for _, p := range all {
			d, err := cpuOf(p.Process.Pid)
			if err != nil {
				return 0, err
			}
			used[i] += d
		}
	}
	return 100 * float64(used[1]-used[0]) / float64(idleSpan), nil
}

// cpuOf is the CPU time of all present threads of a process, to the nanosecond: the first field of schedstat, which is
// kept per thread (Documentation/scheduler/sched-stats in the kernel's source).
func cpuOf(pid int) (time.Duration, error) {
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	if err != nil {
		return 0, err
	}
	if len(files) == 0 {
		return 0, fmt.Errorf("process %d has no scheduler statistics", pid)
	}
	var sum time.Duration
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // the thread has ended
		}
		d, err := parseSchedstat(string(text))
		if err != nil {
			return 0, err
		}
		sum += d
	}
	return sum, nil
}

func parseSchedstat(text string) (time.Duration, error) {
	first, _, _ := strings.Cut(text, " ")
	ns, err := strconv.ParseInt(first, 10, 64)
	return time.Duration(ns), err
}

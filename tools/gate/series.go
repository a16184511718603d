package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"viamillipede/bench/diff"
	"viamillipede/bench/report"
	"viamillipede/bench/result"
)

// series are the streams of both programs, taken in turn.
type series struct {
	began    time.Time
	old, new []sample
}

// takePairs measures pairs and prints each result on standard error. In every second pair the new program comes first, so
// that the order favours neither. The errors are those of measure.
func (s *series) takePairs(ctx context.Context, with settings, p programs) (set ratios, err error) {
	for pair := range with.pairs {
		oldFirst := pair%2 == 0
		got := map[bool]sample{} // by whether it is of the old program
		for _, old := range []bool{oldFirst, !oldFirst} {
			if got[old], err = p.measure(ctx, with, old); err != nil {
				return set, err
			}
		}
		s.old, s.new = append(s.old, got[true]), append(s.new, got[false])
		rate, cpu := got[false].rate/got[true].rate, got[true].all/got[false].all
		set.rate, set.cpu = append(set.rate, rate), append(set.cpu, cpu)
		fmt.Fprintf(os.Stderr, "pair %d/%d: old %.0f MB/s, new %.0f MB/s, new/old %.3f; CPU old %.3f, new %.3f s/GiB, old/new %.3f\n",
			pair+1, with.pairs, got[true].rate/1e6, got[false].rate/1e6, rate, got[true].all, got[false].all, cpu)
	}
	return set, nil
}

// medians are the medians of each figure.
func medians(all []sample) sample {
	middle := func(of func(sample) float64) float64 {
		var list []float64
		for _, s := range all {
			list = append(list, of(s))
		}
		return report.Median(list)
	}
	return sample{
		middle(func(s sample) float64 { return s.rate }), middle(func(s sample) float64 { return s.tx }),
		middle(func(s sample) float64 { return s.rx }), middle(func(s sample) float64 { return s.all }),
		middle(func(s sample) float64 { return s.machine }),
	}
}

func (s sample) String() string {
	return fmt.Sprintf("%.0f MB/s, CPU %.3f (tx), %.3f (rx), %.3f (both, producer and consumer) and %.3f (whole machine) s/GiB",
		s.rate/1e6, s.tx, s.rx, s.all, s.machine)
}

// save writes old.json and new.json for "viamillipede bench diff".
func (s *series) save(dir string, set settings, p programs) error {
	for _, one := range []struct {
		file, name string
		samples    []sample
	}{{"old.json", p.oldName, s.old}, {"new.json", p.newName, s.new}} {
		f := result.File{
			Program: one.name, Time: s.began.UTC().Format(time.RFC3339),
			Settings: map[string]string{diff.OrderKey: diff.OrderInTurn, "bytes": fmt.Sprint(set.bytes()), "stream": "gen | tx -> rx | sink, loopback"},
		}
		for _, v := range one.samples {
			f.Results = append(f.Results, result.Result{
				Name:   fmt.Sprintf("Gate-%d", runtime.NumCPU()),
				Values: map[string]float64{"MB/s": v.rate / 1e6, "tx-cpu-s/GiB": v.tx, "rx-cpu-s/GiB": v.rx, "all-cpu-s/GiB": v.all, "machine-cpu-s/GiB": v.machine},
			})
		}
		if err := write(filepath.Join(dir, one.file), f); err != nil {
			return err
		}
	}
	return nil
}

func write(name string, f result.File) error {
	out, err := os.Create(name)
	if err != nil {
		return err
	}
	if err := f.WriteJSON(out); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}

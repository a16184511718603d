package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"gonum.org/v1/plot/plotter"
)

// record is a file of samples: cmd/viamillipede/lab_record_test.go writes it and describes its format.
type record struct {
	lines  []line
	events []event
}

// line is the rate of one thing over time, in MB/s at the middle of each interval.
type line struct {
	name string
	at   plotter.XYs
}

type event struct {
	seconds float64
	what    string
}

func readFile(name string) (record, error) {
	file, err := os.Open(name)
	if err != nil {
		return record{}, err
	}
	defer file.Close()
	return read(file)
}

// read reads a record. Errors: that of r; a malformed line, by number.
func read(r io.Reader) (record, error) {
	rows := csv.NewReader(r)
	head, err := rows.Read()
	if err != nil {
		return record{}, err
	}
	if len(head) < 4 || head[0] != "seconds" || head[len(head)-1] != "event" {
		return record{}, errors.New("not a file of samples")
	}
	var rec record
	for _, name := range head[1 : len(head)-1] {
		rec.lines = append(rec.lines, line{name: name})
	}
	var before []float64 // the sample before this one
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return rec, rec.check()
		}
		if err != nil {
			return rec, err
		}
		if what := row[len(row)-1]; what != "" {
			seconds, err := strconv.ParseFloat(row[0], 64)
			if err != nil {
				return rec, err
			}
			rec.events = append(rec.events, event{seconds, what})
			continue
		}
		now, err := numbers(row[:len(row)-1])
		if err != nil {
			return rec, err
		}
		rec.add(before, now)
		before = now
	}
}

func (r record) check() error {
	if len(r.lines[0].at) == 0 {
		return errors.New("fewer than two samples")
	}
	return nil
}

// add adds the rates between two samples, the first of which may be missing.
func (r record) add(before, now []float64) {
	if before == nil || now[0] <= before[0] {
		return
	}
	for i := range r.lines {
		rate := (now[i+1] - before[i+1]) / (now[0] - before[0]) / 1e6
		r.lines[i].at = append(r.lines[i].at, plotter.XY{X: (now[0] + before[0]) / 2, Y: rate})
	}
}

func numbers(cells []string) ([]float64, error) {
	list := make([]float64, len(cells))
	for i, cell := range cells {
		var err error
		if list[i], err = strconv.ParseFloat(cell, 64); err != nil {
			return nil, fmt.Errorf("a sample: %w", err)
		}
	}
	return list, nil
}

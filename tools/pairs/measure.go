package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"

	"viamillipede/bench/report"
	"viamillipede/bench/result"
)

// measure measures each pair and returns MB/s by the sending and the receiving host, NaN where there is none, and how many failed.
func (set settings) measure(ctx context.Context) (rates [][]float64, failed int) {
	for range set.hosts {
		rates = append(rates, slices.Repeat([]float64{math.NaN()}, len(set.hosts)))
	}
	for j, to := range set.hosts {
		for i, from := range set.hosts {
			if i == j || ctx.Err() != nil {
				continue
			}
			rate, err := set.pair(ctx, from, to)
			if err != nil {
				fmt.Fprintf(os.Stderr, "pairs: from %s to %s: %v\n", from, to, err)
				failed++
				continue
			}
			rates[i][j] = rate
		}
	}
	return rates, failed
}

// pair measures one pair. A receiver of its own for each is there for one round only: nothing is left on the host, whatever happens here.
func (set settings) pair(ctx context.Context, from, to string) (float64, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	port := strconv.Itoa(set.port)
	rx := set.command(ctx, to, "bench rx "+port+" rounds 1 connect "+set.contact+" "+set.rx)
	var why bytes.Buffer
	rx.Stderr = &why
	if err := rx.Start(); err != nil {
		return 0, err
	}
	ended := make(chan error, 1)
	go func() {
		err := rx.Wait()
		if err != nil {
			cancel() // the sender need not wait for it
		}
		ended <- err
	}()
	rate, err := set.send(ctx, from, to)
	if err != nil {
		cancel() // nobody will come
	}
	if late := <-ended; late != nil && err != nil {
		err = fmt.Errorf("%w; the receiver: %w: %s", err, late, bytes.TrimSpace(why.Bytes()))
	}
	return rate, err
}

// send has the sending end measure a pair.
func (set settings) send(ctx context.Context, from, to string) (rate float64, err error) {
	tx := set.command(ctx, from, fmt.Sprintf("bench tx %s %d rounds 1 seconds %g connect %s json - %s", to, set.port, set.seconds, set.contact, set.tx))
	var said bytes.Buffer
	tx.Stderr = &said
	text, err := tx.Output()
	if err != nil {
		return 0, fmt.Errorf("%w: %s", err, bytes.TrimSpace(said.Bytes()))
	}
	var f result.File
	if err := json.Unmarshal(text, &f); err != nil {
		return 0, err
	}
	if len(f.Results) != 1 {
		return 0, fmt.Errorf("%d results", len(f.Results))
	}
	return f.Results[0].Values["MB/s"], nil
}

// command is the program with these words, on a host.
func (set settings) command(ctx context.Context, host, words string) *exec.Cmd {
	line := strings.Fields(strings.ReplaceAll(set.run+" "+set.program+" "+words, "{host}", host))
	return exec.CommandContext(ctx, line[0], line[1:]...)
}

// table is the rates for people, with the medians of rows and columns.
func table(hosts []string, rates [][]float64) string {
	width := len("median")
	for _, h := range hosts {
		width = max(width, len(h))
	}
	var b strings.Builder
	line := func(name string, cells []string) {
		fmt.Fprintf(&b, "%-*s", width, name)
		for _, c := range cells {
			fmt.Fprintf(&b, "  %*s", width, c)
		}
		b.WriteString("\n")
	}
	line("from \\ to", append(slices.Clone(hosts), "median"))
	columns := make([][]float64, len(hosts))
	for i, row := range rates {
		var cells []string
		for j, v := range row {
			cells = append(cells, cell(v))
			columns[j] = append(columns[j], v)
		}
		line(hosts[i], append(cells, cell(median(row))))
	}
	var last []string
	for _, c := range columns {
		last = append(last, cell(median(c)))
	}
	line("median", append(last, cell(median(slices.Concat(rates...)))))
	return b.String()
}

// median is that of the figures that there are; NaN: there are none.
func median(row []float64) float64 {
	row = slices.DeleteFunc(slices.Clone(row), math.IsNaN)
	if len(row) == 0 {
		return math.NaN()
	}
	return report.Median(row)
}

// cell is a figure of the table, or a dash.
func cell(v float64) string {
	if math.IsNaN(v) {
		return "-"
	}
	return strconv.FormatFloat(v, 'f', 1, 64)
}

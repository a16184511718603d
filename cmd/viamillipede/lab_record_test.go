package main_test

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"viamillipede/netio/lab"
)

// mark is something that happened while samples were taken.
type mark struct {
	at   time.Time
	what string // "" is not written to a file
}

// record is what a stream did over time: samples of the sender's devices and of the consumer, and what happened.
type record struct {
	t       *testing.T
	halt    func() ([]lab.Sample, error)
	samples []lab.Sample // after stop
	marks   []mark
}

// sampleEvery is short beside what the tests bound, and long beside a block of the consumer.
const sampleEvery = 100 * time.Millisecond

// record starts to take samples.
func (s *stream) record() *record {
	return &record{t: s.t, halt: s.lab.Sampler(s.setup.senderSide, sampleEvery, s.out)}
}

func (r *record) mark(what string) { r.marks = append(r.marks, mark{time.Now(), what}) }

// stop ends the record, and writes it to a file where VIAMILLIPEDE_SAMPLES names a folder. It is called once.
func (r *record) stop() {
	r.t.Helper()
	var err error
	if r.samples, err = r.halt(); err != nil {
		r.t.Fatal(err)
	}
	if dir := os.Getenv("VIAMILLIPEDE_SAMPLES"); dir != "" {
		if err := r.save(dir); err != nil {
			r.t.Fatal(err)
		}
	}
}

// promise is how the name of a test begins.
var promise = regexp.MustCompile(`^Test(P\d+|Lab)`)

// save writes a file that tools/paths draws. Each line of it is a sample, in bytes since the first one, or a mark:
//
//	seconds,consumer,path 1,path 2,event
//	0.100,5242880,3000000,2500000,
//	0.153,,,,path 1: all packets lost
func (r *record) save(dir string) error {
	name := strings.ReplaceAll(promise.ReplaceAllString(r.t.Name(), ""), "/", "-")
	path, err := filepath.Abs(filepath.Join(dir, strings.ToLower(name)+".csv"))
	if err != nil {
		return err
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	r.t.Logf("samples: %s", path)
	return csv.NewWriter(file).WriteAll(r.table())
}

func (r *record) table() [][]string {
	type row struct {
		at    time.Time
		cells []string
	}
	first := r.samples[0]
	head := []string{"seconds", "consumer"}
	for i := range first.Sent {
		head = append(head, fmt.Sprintf("path %d", i+1))
	}
	var rows []row
	for _, s := range r.samples {
		cells := []string{fmt.Sprint(s.Moved - first.Moved)}
		for i := range s.Sent {
			cells = append(cells, fmt.Sprint(s.Sent[i]-first.Sent[i]))
		}
		rows = append(rows, row{s.At, append(cells, "")})
	}
	for _, m := range r.marks {
		if m.what != "" {
			cells := make([]string, len(head)-1) // all but the seconds, and the event after them
			rows = append(rows, row{m.at, append(cells, m.what)})
		}
	}
	slices.SortStableFunc(rows, func(a, b row) int { return cmp.Compare(a.at.Sub(first.At), b.at.Sub(first.At)) })
	table := [][]string{append(head, "event")}
	for _, r := range rows {
		table = append(table, append([]string{fmt.Sprintf("%.3f", max(0, r.at.Sub(first.At).Seconds()))}, r.cells...))
	}
	return table
}

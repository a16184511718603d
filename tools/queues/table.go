package main

import (
	"fmt"
	"slices"
	"strings"

	"viamillipede/bench/report"
	"viamillipede/tools/internal/pipeline"
)

// place is one placement of the receiver's loop relative to the CPU that handles the packets, and what was measured
// there.
type place struct {
	packets, loop int // CPUs
	samples       []sample
	failed        []error
}

func (c *place) add(s sample, err error) {
	if err != nil {
		c.failed = append(c.failed, err)
		return
	}
	c.samples = append(c.samples, s)
}

// table has the cases: for each CPU that handles packets, the loop on that CPU and on the other one.
type table struct{ cases []*place }

func newTable(cpus [queues]int) *table {
	t := &table{}
	for i, cpu := range cpus {
		t.cases = append(t.cases, &place{packets: cpu, loop: cpu}, &place{packets: cpu, loop: cpus[(i+1)%queues]})
	}
	return t
}

// turn is the order of a round: every second one is reversed, so that no case always follows the same other one.
func (t *table) turn(round int) []*place {
	order := slices.Clone(t.cases)
	if round%2 == 1 {
		slices.Reverse(order)
	}
	return order
}

func (t *table) markdown() string {
	var b strings.Builder
	b.WriteString("| packets handled on | loop on | median | lowest | highest | CPU s/GiB, tx | CPU s/GiB, rx | switches/GiB, tx: " +
		"waits, preempted | switches/GiB, rx: waits, preempted | migrations/GiB, tx | migrations/GiB, rx |\n" +
		"|---|---|---|---|---|---|---|---|---|---|---|\n")
	for _, c := range t.cases {
		b.WriteString("| " + strings.Join(c.cells(), " | ") + " |\n")
	}
	b.WriteString("\n")
	for i := 0; i < len(t.cases); i += 2 {
		if on, off := t.cases[i].rate(), t.cases[i+1].rate(); on > 0 && off > 0 {
			fmt.Fprintf(&b, "With packets on CPU %d, the loop on that CPU moves %.2f of what the loop on the other one does.\n",
				t.cases[i].packets, on/off)
		}
	}
	for _, c := range t.cases {
		if len(c.failed) > 0 {
			fmt.Fprintf(&b, "\nCPU %d, loop on CPU %d: %d rounds failed, the first with: %s\n",
				c.packets, c.loop, len(c.failed), report.OneLine(c.failed[0].Error()))
		}
		if len(c.samples) > 0 && c.samples[0].uncounted != nil {
			fmt.Fprintf(&b, "\nCPU %d, loop on CPU %d: no migrations: %v\n", c.packets, c.loop, c.samples[0].uncounted)
		}
	}
	return b.String()
}

func (c *place) cells() []string {
	cells := []string{fmt.Sprintf("CPU %d", c.packets), fmt.Sprintf("CPU %d", c.loop)}
	if len(c.samples) == 0 {
		return append(cells, "no figure", "", "", "", "", "", "", "", "")
	}
	rates := c.values(func(s sample) float64 { return s.rate })
	cells = append(cells, fmt.Sprintf("%.2f GB/s", report.Median(rates)), fmt.Sprintf("%.2f GB/s", slices.Min(rates)),
		fmt.Sprintf("%.2f GB/s", slices.Max(rates)))
	both := func(format string, of func(pipeline.Cost) []float64) {
		for _, end := range []func(sample) pipeline.Cost{
			func(s sample) pipeline.Cost { return s.tx }, func(s sample) pipeline.Cost { return s.rx },
		} {
			cells = append(cells, c.medians(format, func(s sample) []float64 { return of(end(s)) }))
		}
	}
	both("%.2f", func(c pipeline.Cost) []float64 { return []float64{c.Seconds} })
	both("%.0f", func(c pipeline.Cost) []float64 { return []float64{c.Waits, c.Preempted} })
	both("%.1f", func(c pipeline.Cost) []float64 { return []float64{c.Migrations} })
	return cells
}

// medians puts the medians of some values of all samples into one cell.
func (c *place) medians(format string, of func(sample) []float64) string {
	var said []string
	for i := range of(c.samples[0]) {
		said = append(said, fmt.Sprintf(format, report.Median(c.values(func(s sample) float64 { return of(s)[i] }))))
	}
	return strings.Join(said, ", ")
}

func (c *place) values(of func(sample) float64) (list []float64) {
	for _, s := range c.samples {
		list = append(list, of(s))
	}
	return list
}

// rate is the median of the rates; 0 if there are none.
func (c *place) rate() float64 {
	return report.Median(c.values(func(s sample) float64 { return s.rate }))
}

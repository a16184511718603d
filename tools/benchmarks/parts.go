package main

import (
	"fmt"
	"strings"

	"viamillipede/bench/report"
	"viamillipede/tools/internal/record"
)

// The measured parts of the page.
const (
	partSpeed      = "speed"
	partLost       = "lost"
	partQueues     = "queues"
	partProjection = "projection"
)

func partNames() []string { return []string{partSpeed, partLost, partQueues, partProjection} }

// partsOf are the parts made from the figures, all but that of the queues.
func partsOf(found record.Record) map[string]string {
	return map[string]string{
		partSpeed:      found.Header + "\n" + found.Table,
		partLost:       lost(found.Lost),
		partProjection: projection(found),
	}
}

func lost(lines []string) string {
	if len(lines) == 0 {
		return "Nothing was lost in this run."
	}
	return "- " + strings.Join(lines, "\n- ")
}

// fullRate is 100 Gbit/s in GiB/s.
const fullRate = 100e9 / 8 / (1 << 30)

// projected are the rows whose CPU time is projected to fullRate, and what they are there.
func projected() []struct{ row, what string } {
	return []struct{ row, what string }{
		{"threads 16", "pipe to pipe"},
		{"checksum", "pipe to pipe, `checksum`"},
		{"io copy", "pipe to pipe, `io copy`"},
		{"vmsplice to splice: io splice", "`vmsplice` to `splice`, `io splice`"},
		{"file to null", "file in the page cache to /dev/null"},
	}
}

// projection is the table of how many cores 100 Gbit/s takes if a GiB costs the same there as here.
func projection(found record.Record) string {
	var t strings.Builder
	fmt.Fprintf(&t, "12.5 GB/s are %.2f GiB/s. CPU time is the median of the rows above.\n\n", fullRate)
	t.WriteString("| stream | row | CPU s/GiB, tx | CPU s/GiB, rx | cores, tx | cores, rx |\n|---|---|---|---|---|---|\n")
	for _, p := range projected() {
		r, ok := found.Row(p.row)
		if !ok {
			fmt.Fprintf(&t, "| %s | %s | no figure |  |  |  |\n", p.what, p.row)
			continue
		}
		tx, rx := report.Median(r.TX), report.Median(r.RX)
		fmt.Fprintf(&t, "| %s | %s | %.2f | %.2f | %.1f | %.1f |\n", p.what, p.row, tx, rx, tx*fullRate, rx*fullRate)
	}
	return t.String()
}

package main

import (
	"fmt"
	"strings"

	"viamillipede/bench/report"
	"viamillipede/tools/internal/picture"
	"viamillipede/tools/internal/record"
)

// The measured parts of the page that are written here; that of tools/growth is its own.
const (
	partSummary    = "summary"
	partExpect     = "expect"
	partGoals      = "goals"
	partLost       = "lost"
	partSpeed      = "speed"
	partProjection = "projection"
	partQueues     = "queues"
)

func partNames() []string {
	return []string{partSummary, partExpect, partGoals, partLost, partSpeed, partProjection, partQueues}
}

// partsOf are the parts made from the figures, all but that of the queues.
func partsOf(found record.Record) map[string]string {
	return map[string]string{
		partSummary:    summary(found),
		partExpect:     expect(found),
		partGoals:      found.Goals,
		partLost:       lost(found.Lost),
		partSpeed:      found.Header + "\n" + found.Table,
		partProjection: projection(found),
	}
}

func lost(lines []string) string {
	if len(lines) == 0 {
		return "Nothing was lost in this run."
	}
	return "- " + strings.Join(lines, "\n- ")
}

// shown is a row under the name that a reader without the table understands.
type shown struct{ row, what string }

// summarized are the rows of the page's first table.
func summarized() []shown {
	return []shown{
		{"threads 16", "**viamillipede**, 16 links"},
		{"threads 1", "**viamillipede**, 1 link"},
		{"checksum", "**viamillipede**, 16 links, `checksum`"},
		{"key", "**viamillipede**, 16 links, `key`"},
		{"local pipe", "local pipe, no network"},
		{"limit", "bare relay by reference"},
		{"copying relay", "bare relay that copies"},
		{"socat", "socat"}, {"mbuffer", "mbuffer"}, {"nc", "nc"}, {"ssh", "ssh"}, {"ssh with AES-GCM", "ssh with AES-GCM"},
		{"socat with TLS", "socat with TLS"}, {"socat over MPTCP", "socat over MPTCP"},
		{"iperf3", "iperf3, which moves no stream"},
		{"file to null", "**viamillipede**, file to /dev/null"},
		{"file to null: sendfile relay", "bare relay with sendfile, file to /dev/null"},
		{"vmsplice to splice: io splice", "**viamillipede**, `vmsplice` to `splice`, `io splice`"},
		{"vmsplice to splice: limit", "bare relay, `vmsplice` to `splice`"},
	}
}

// summary is the first table, and how sure it is.
func summary(found record.Record) string {
	var t strings.Builder
	t.WriteString("| program | GB/s | lowest to highest | of the bare relay | CPU s/GiB, both ends | CPU s/GiB, whole machine |\n|---|---|---|---|---|---|\n")
	limit, _ := found.Row("limit")
	base := picture.SpreadOf(limit.Values)
	for _, s := range summarized() {
		r, ok := found.Row(s.row)
		if !ok {
			continue
		}
		rate := picture.SpreadOf(r.Values)
		fmt.Fprintf(&t, "| %s | %.3g | %.3g to %.3g | %s | %s | %s |\n", s.what, rate.Median, rate.Lowest, rate.Highest,
			figure(report.Ratio(rate.Median, base.Median)), figure(report.Median(r.TX)+report.Median(r.RX)), figure(report.Median(r.Machine)))
	}
	t.WriteString("\n" + sure(found, base))
	return t.String()
}

// figure is a number, or nothing for one that there is not.
func figure(v float64) string {
	if v == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f", v)
}

// sure says in what a reader may trust the figures.
func sure(found record.Record, base picture.Spread) string {
	head := func(name string) string { return field(found.Header, name) }
	text := fmt.Sprintf("Measured %s on %s, kernel %s, with %s; streams: %s. Everything else on the machine used meanwhile: %s.\n",
		head("date"), head("processor"), head("kernel"), head("program"), head("streams"), head("used meanwhile by everything else on the machine"))
	if base.Lowest > 0 {
		text += fmt.Sprintf("The bare relay itself had %.2f times its slowest rate in its fastest round: smaller differences between two medians mean little.\n",
			base.Highest/base.Lowest)
	}
	met, missed := strings.Count(found.Goals, "| met |"), strings.Count(found.Goals, "| **missed** |")
	if met+missed > 0 {
		text += fmt.Sprintf("%d of %d goals were met ([below](#goals)).\n", met, met+missed)
	}
	return text + absent(found.Header)
}

// field is a line of a header, which is a list.
func field(header, name string) string {
	for line := range strings.Lines(header) {
		if text, ok := strings.CutPrefix(line, "- "+name+": "); ok {
			return strings.TrimSpace(text)
		}
	}
	return "unknown"
}

// absent is a line about the programs that were not there to compare with.
func absent(header string) string {
	var all []string
	for line := range strings.Lines(header) {
		if name, why, ok := strings.Cut(strings.TrimSpace(line), ": absent, "); ok {
			why, _, _ = strings.Cut(why, ":")
			all = append(all, fmt.Sprintf("%s (%s)", strings.TrimPrefix(name, "- "), why))
		}
	}
	if len(all) == 0 {
		return ""
	}
	return "Not measured: " + strings.Join(all, ", ") + ".\n"
}

// network is a speed to project to.
type network struct {
	name string
	gbit float64
}

func networks() []network { return []network{{"10G", 10}, {"25G", 25}, {"40G", 40}, {"100G", 100}} }

// gib is the speed in GiB/s.
func (n network) gib() float64 { return n.gbit * 1e9 / 8 / (1 << 30) }

// expect is how many cores the main case takes at each speed.
func expect(found record.Record) string {
	r, ok := found.Row("threads 16")
	if !ok {
		return "No figure."
	}
	var t strings.Builder
	t.WriteString("| network | GB/s | cores, sender | cores, receiver | cores of one machine that has both ends, producer and consumer |\n|---|---|---|---|---|\n")
	for _, n := range networks() {
		fmt.Fprintf(&t, "| %s | %.4g | %.1f | %.1f | %.1f |\n", n.name, n.gbit/8, report.Median(r.TX)*n.gib(), report.Median(r.RX)*n.gib(),
			report.Median(r.Machine)*n.gib())
	}
	return t.String()
}

// projected are the rows whose CPU time is projected.
func projected() []shown {
	return []shown{
		{"threads 16", "pipe to pipe"},
		{"checksum", "pipe to pipe, `checksum`"},
		{"key", "pipe to pipe, `key`"},
		{"io copy", "pipe to pipe, `io copy`"},
		{"vmsplice to splice: io splice", "`vmsplice` to `splice`, `io splice`"},
		{"file to null", "file in the page cache to /dev/null"},
	}
}

// projection is the table of how many cores each kind of stream takes if a GiB costs the same there as here.
func projection(found record.Record) string {
	var t strings.Builder
	t.WriteString("Cores of the sender + cores of the receiver.\n\n| stream | row | CPU s/GiB, tx | CPU s/GiB, rx |")
	for _, n := range networks() {
		fmt.Fprintf(&t, " %s, %.2f GiB/s |", n.name, n.gib())
	}
	t.WriteString("\n|---|---|---|---|" + strings.Repeat("---|", len(networks())) + "\n")
	for _, p := range projected() {
		r, ok := found.Row(p.row)
		if !ok {
			fmt.Fprintf(&t, "| %s | %s | no figure |  |%s\n", p.what, p.row, strings.Repeat("  |", len(networks())))
			continue
		}
		tx, rx := report.Median(r.TX), report.Median(r.RX)
		fmt.Fprintf(&t, "| %s | %s | %.2f | %.2f |", p.what, p.row, tx, rx)
		for _, n := range networks() {
			fmt.Fprintf(&t, " %.1f + %.1f |", tx*n.gib(), rx*n.gib())
		}
		t.WriteString("\n")
	}
	return t.String()
}

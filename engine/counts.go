package engine

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"viamillipede/netio"
	"viamillipede/netio/sockstats"
)

// writeCounts writes the table of what the kernel has counted: a line for each link that it counts on, and nothing where
// there is none. What only TCP_INFO knows of a link is the smoothed round trip in place of the mean, and no timeouts.
func writeCounts(b *strings.Builder, rows []row, lost sockstats.Lost) {
	if !slices.ContainsFunc(rows, func(r row) bool { return r.counted != nil }) {
		return
	}
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "link\tdevice\tRX queue\tflow hash\tpackets\tsegments\tbytes/packet\tRTT min/mean/max\tretrans\ttimeouts\t")
	for _, r := range rows {
		if r.counted == nil {
			continue
		}
		stats := r.counted.Read()
		fmt.Fprintf(t, "%d\t%s\t%s\t\n", r.index, flowCells(stats.Flows), opsCells(stats.Ops, r.info))
	}
	t.Flush()
	if lost.Packets > 0 {
		fmt.Fprintf(b, "not counted, since there are too many flows: %d packets, %s\n", lost.Packets, formatBytes(lost.Bytes))
	}
}

// flowCells are the cells of what came in, all flows of a link together.
func flowCells(flows []sockstats.Flow) string {
	if len(flows) == 0 {
		return "-\t-\t-\t-\t-\t-"
	}
	var devices, queues, hashes []string
	for _, f := range flows {
		devices = add(devices, f.Device)
		if f.Queue >= 0 {
			queues = add(queues, strconv.Itoa(f.Queue))
		}
		if f.Hash != 0 {
			hashes = add(hashes, fmt.Sprintf("%08x", f.Hash))
		}
	}
	sum := sockstats.Sum(flows)
	return fmt.Sprintf("%s\t%s\t%s\t%d\t%d\t%d", few(devices), few(queues), few(hashes), sum.Packets, sum.Segments,
		sum.Bytes/max(sum.Packets, 1))
}

// opsCells are the cells of how the link fared.
func opsCells(o sockstats.Ops, info netio.Info) string {
	if !o.Known {
		return fmt.Sprintf("%v/%v/-\t%d\t-", fine(info.MinRTT), fine(info.RTT), info.Retransmits)
	}
	return fmt.Sprintf("%v/%v/%v\t%d\t%d", fine(o.RTTMin), fine(o.RTTMean), fine(o.RTTMax), o.Retransmits, o.Timeouts)
}

// fine rounds a round trip, the more the longer it is.
func fine(d time.Duration) time.Duration {
	if d > time.Millisecond {
		return d.Round(10 * time.Microsecond)
	}
	return d.Round(time.Microsecond)
}

func add(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

// few keeps a cell narrow: the first names, and how many more there are.
func few(list []string) string {
	const most = 2
	switch {
	case len(list) == 0:
		return "-"
	case len(list) > most:
		return fmt.Sprintf("%s+%d", list[0], len(list)-1)
	}
	return strings.Join(list, ",")
}

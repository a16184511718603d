package words

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"viamillipede/engine/observe"
	"viamillipede/netio"
	"viamillipede/netio/sockstats"
)

// writeCounts writes the table of what the kernel has counted: a line for each link that it counts, and nothing if there
// is none. For a link known only by TCP_INFO the smoothed round trip replaces the mean, and timeouts are missing.
func writeCounts(b *strings.Builder, columns int, links []observe.LinkStatus, lost sockstats.Lost) {
	links = slices.DeleteFunc(slices.Clone(links), func(l observe.LinkStatus) bool { return l.Counts == nil })
	if len(links) == 0 {
		return
	}
	cells := func(cell func(i int) string) (list []string) {
		for i := range links {
			list = append(list, cell(i))
		}
		return list
	}
	flows := func(cell func(f []sockstats.Flow) string) []string {
		return cells(func(i int) string {
			if len(links[i].Counts.Flows) == 0 {
				return "-"
			}
			return cell(links[i].Counts.Flows)
		})
	}
	writeTable(b, columns, []column{
		{"link", 0, cells(func(i int) string { return strconv.Itoa(links[i].Index) })},
		{"device", 1, flows(flowDevices)},
		{"RX queue", 2, flows(flowQueues)},
		{"flow hash", 8, flows(flowHashes)},
		{"packets", 4, flows(func(f []sockstats.Flow) string { return strconv.FormatUint(sockstats.Sum(f).Packets, 10) })},
		{"segments", 7, flows(func(f []sockstats.Flow) string { return strconv.FormatUint(sockstats.Sum(f).Segments, 10) })},
		{"bytes/packet", 6, flows(func(f []sockstats.Flow) string {
			sum := sockstats.Sum(f)
			return strconv.FormatUint(sum.Bytes/max(sum.Packets, 1), 10)
		})},
		{"RTT min/mean/max", 3, cells(func(i int) string { return roundTrips(links[i].Counts.Ops, links[i].Kernel) })},
		{"retrans", 5, cells(func(i int) string { return retransmits(links[i].Counts.Ops, links[i].Kernel) })},
		{"timeouts", 5, cells(func(i int) string { return timeouts(links[i].Counts.Ops) })},
	})
	if lost.Packets > 0 {
		fmt.Fprintln(b, Fold(fmt.Sprintf("not counted, since there are too many flows: %d packets, %s", lost.Packets, Bytes(lost.Bytes)), columns))
	}
}

func flowDevices(flows []sockstats.Flow) string {
	var devices []string
	for _, f := range flows {
		devices = add(devices, f.Device)
	}
	return few(devices)
}

func flowQueues(flows []sockstats.Flow) string {
	var queues []string
	for _, f := range flows {
		if f.Queue >= 0 {
			queues = add(queues, strconv.Itoa(f.Queue))
		}
	}
	return few(queues)
}

func flowHashes(flows []sockstats.Flow) string {
	var hashes []string
	for _, f := range flows {
		if f.Hash != 0 {
			hashes = add(hashes, fmt.Sprintf("%08x", f.Hash))
		}
	}
	return few(hashes)
}

func roundTrips(o sockstats.Ops, info netio.Info) string {
	if !o.Known {
		return fmt.Sprintf("%v/%v/-", fine(info.MinRTT), fine(info.RTT))
	}
	return fmt.Sprintf("%v/%v/%v", fine(o.RTTMin), fine(o.RTTMean), fine(o.RTTMax))
}

func retransmits(o sockstats.Ops, info netio.Info) string {
	if !o.Known {
		return strconv.FormatUint(uint64(info.Retransmits), 10)
	}
	return fmt.Sprint(o.Retransmits)
}

func timeouts(o sockstats.Ops) string {
	if !o.Known {
		return "-"
	}
	return fmt.Sprint(o.Timeouts)
}

// fine rounds a round trip, more coarsely the longer it is.
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

// few keeps a cell narrow: it shows the first names and how many more there are.
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

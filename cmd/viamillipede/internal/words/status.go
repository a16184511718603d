package words

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"viamillipede/engine/observe"
)

// Status is the status table of an end, in lines of at most columns characters as far as possible; 0 means any width. For
// a stream that is over it is the summary.
func Status(s observe.Snapshot, columns int) string {
	if s.Ended {
		return "ended: " + Summary(s.Summary) + "\n"
	}
	var b strings.Builder
	writeLinks(&b, columns, s.Links, s.Time)
	writeLoops(&b, columns, s.Loops, s.Links)
	writeCounts(&b, columns, s.Links, s.Uncounted)
	b.WriteString(Standing(s, columns))
	return b.String()
}

// Standing is what Status says of the paths and of the stream as a whole.
func Standing(s observe.Snapshot, columns int) string {
	var b strings.Builder
	if len(s.Paths) > 0 {
		writePaths(&b, columns, s.Paths, s.Time)
	}
	writeTotals(&b, columns, s.Summary, s.Links)
	last := ringLine(s.Ring)
	switch {
	case s.First != nil:
		last = fmt.Sprintf("wire 1: next leg %d, no window: nothing is acknowledged", s.First.Legs)
	case s.Summary.Sender:
		last = windowLine(s.Window)
	}
	fmt.Fprintln(&b, Fold(last, columns))
	return b.String()
}

func windowLine(w *observe.WindowStatus) string {
	if w == nil {
		return "window: no receiver yet"
	}
	return fmt.Sprintf("window: next leg %d, received to %d, delivered to %d, credit %d, to be resent %d, kept %s of %s, buffers %d of %d",
		w.Next, w.Received, w.Delivered, w.Credit, w.Waiting, Bytes(uint64(w.Kept)), Bytes(uint64(w.Limit)), w.InUse, w.Buffers)
}

func ringLine(r *observe.RingStatus) string {
	if r == nil {
		return "ring: no sender yet"
	}
	sink := "takes bytes"
	if r.SinkFull {
		sink = "is full, its consumer is behind"
	}
	return fmt.Sprintf("ring: next leg %d, received to %d, depth %d, credit %d, buffers %d of %d; the sink %s",
		r.Next, r.Received, r.Depth, r.Credit, r.InUse, r.Buffers, sink)
}

// wideEnough is the width, in characters, from which a line usually has room for the names of paths. Narrower ones show a
// path by its number and a sender by its host.
const wideEnough = 140

func narrow(columns int) bool { return 0 < columns && columns < wideEnough }

// pathName names the path of a link in a table.
func pathName(l observe.LinkStatus, columns int) string {
	switch host, _, err := net.SplitHostPort(l.Path); {
	case !narrow(columns) || l.Order < 0 && err != nil:
		return l.Path
	case l.Order < 0:
		return host
	}
	return strconv.Itoa(l.Order + 1)
}

// stateName names the state of a link.
func stateName(s observe.State) string {
	switch s {
	case observe.StateUp:
		return "up"
	case observe.StateStalled:
		return "stalls"
	case observe.StateDown:
		return "down"
	}
	return "dialling"
}

// writeLinks writes the table of the links: a line for each.
func writeLinks(b *strings.Builder, columns int, links []observe.LinkStatus, now time.Time) {
	cells := func(up bool, cell func(l observe.LinkStatus) string) (list []string) {
		for _, l := range links {
			if up && !l.Up() {
				list = append(list, "-")
				continue
			}
			list = append(list, cell(l))
		}
		return list
	}
	writeTable(b, columns, []column{
		{"link", 0, cells(false, func(l observe.LinkStatus) string { return strconv.Itoa(l.Index) })},
		{"path", 3, cells(false, func(l observe.LinkStatus) string { return pathName(l, columns) })},
		{"state", 0, cells(false, func(l observe.LinkStatus) string { return stateName(l.State) })},
		{"for", 2, cells(false, func(l observe.LinkStatus) string { return short(now.Sub(l.Since)) })},
		{"bytes", 4, cells(true, func(l observe.LinkStatus) string { return Bytes(l.Bytes) })},
		{"rate", 0, cells(true, func(l observe.LinkStatus) string { return Bytes(l.Rate) + "/s" })},
		{"heard", 1, cells(true, func(l observe.LinkStatus) string { return short(now.Sub(l.Heard)) })},
		{"RTT", 5, cells(true, func(l observe.LinkStatus) string { return l.Kernel.RTT.Round(10 * time.Microsecond).String() })},
		{"cwnd", 8, cells(true, func(l observe.LinkStatus) string { return strconv.Itoa(l.Kernel.Cwnd) })},
		{"retrans", 6, cells(true, func(l observe.LinkStatus) string { return strconv.Itoa(int(l.Kernel.Retransmits)) })},
		{"legs", 7, cells(true, func(l observe.LinkStatus) string { return strconv.Itoa(l.InFlight) })},
		{"CPU", 9, cells(true, func(l observe.LinkStatus) string { return orNone(l.Kernel.CPU, -1) })},
		{"NAPI", 11, cells(true, func(l observe.LinkStatus) string { return orNone(l.Kernel.NAPI, 0) })},
		{"loop", 10, cells(false, func(l observe.LinkStatus) string { return strconv.Itoa(l.Loop) })},
	})
}

// orNone is a number, or a dash if it equals none.
func orNone(n, none int) string {
	if n == none {
		return "-"
	}
	return strconv.Itoa(n)
}

// writeLoops writes a line for each loop: where it runs, and whether the packets of its links arrive there.
func writeLoops(b *strings.Builder, columns int, loops []observe.LoopStatus, all []observe.LinkStatus) {
	for i, at := range loops {
		links, near := 0, 0
		for _, l := range all {
			if l.Loop == i && l.Up() {
				links++
				if l.Kernel.CPU >= 0 && l.Kernel.CPU == at.CPU {
					near++
				}
			}
		}
		where := "any CPU"
		if at.CPU >= 0 {
			where = fmt.Sprintf("CPU %d", at.CPU)
		}
		if at.Node >= 0 {
			where += fmt.Sprintf(", node %d", at.Node)
		}
		fmt.Fprintln(b, Fold(fmt.Sprintf("loop %d: %s: %s, %d of them come in on its CPU", i, where, Number(links, "link"), near), columns))
	}
}

// writePaths writes the table of the paths, and a line for each that has no link.
func writePaths(b *strings.Builder, columns int, paths []observe.PathStatus, now time.Time) {
	var names []string
	for _, p := range paths {
		names = append(names, p.Name)
	}
	cells := func(cell func(p observe.PathStatus) string) (list []string) {
		for _, p := range paths {
			list = append(list, cell(p))
		}
		return list
	}
	if narrow(columns) {
		for i, name := range names {
			fmt.Fprintln(b, Fold(fmt.Sprintf("path %d: %s", i+1, name), columns))
			names[i] = strconv.Itoa(i + 1)
		}
	}
	all := []column{
		{"path", 0, names},
		{"links", 1, cells(func(p observe.PathStatus) string { return strconv.Itoa(p.Links) })},
		{"bytes", 3, cells(func(p observe.PathStatus) string { return Bytes(p.Bytes) })},
		{"share", 4, cells(func(p observe.PathStatus) string { return fmt.Sprintf("%.1f %%", 100*p.Share) })},
		{"rate", 0, cells(func(p observe.PathStatus) string { return Bytes(p.Now) + "/s" })},
		{"mean", 8, cells(func(p observe.PathStatus) string { return Bytes(p.Rate) + "/s" })},
		{"RTT", 2, cells(func(p observe.PathStatus) string { return p.RTT.Round(10 * time.Microsecond).String() })},
		{"lost", 5, cells(func(p observe.PathStatus) string { return strconv.FormatUint(p.LinksLost, 10) })},
		{"rescued from", 9, cells(func(p observe.PathStatus) string { return strconv.FormatUint(p.RescuedFrom, 10) })},
		{"rescued to", 7, cells(func(p observe.PathStatus) string { return strconv.FormatUint(p.RescuedTo, 10) })},
		{"head", 6, cells(func(p observe.PathStatus) string { return fmt.Sprintf("%.1f %%", 100*p.Head) })},
	}
	if slices.ContainsFunc(paths, func(p observe.PathStatus) bool { return p.Limit > 0 }) {
		all = slices.Insert(all, 5, column{"limit", 10, cells(func(p observe.PathStatus) string {
			if p.Limit == 0 {
				return "-"
			}
			return Bytes(p.Limit) + "/s"
		})})
	}
	writeTable(b, columns, all)
	for i, p := range paths {
		if p.Off {
			fmt.Fprintln(b, Fold(pathNamed(names[i])+" is off", columns))
		} else if p.Links == 0 {
			fmt.Fprintln(b, Fold(fmt.Sprintf("%s has no link%s: %s", pathNamed(names[i]), forSince(p.Since, now), LastAttempt(p.Last)), columns))
		}
	}
}

// forSince says how long something has been so; nothing if that is not known.
func forSince(since, now time.Time) string {
	if since.IsZero() {
		return ""
	}
	return " for " + Duration(now.Sub(since))
}

// writeTotals writes what all links together did.
func writeTotals(b *strings.Builder, columns int, sum observe.Summary, links []observe.LinkStatus) {
	rate, up, stalled := uint64(0), 0, 0
	for _, l := range links {
		rate += l.Rate
		if l.Up() {
			up++
		}
		if l.State == observe.StateStalled {
			stalled++
		}
	}
	line := fmt.Sprintf("last second: %s/s on %s", Bytes(rate), Number(up, "link"))
	if stalled > 0 {
		line += fmt.Sprintf(", of which %d stalled", stalled)
	}
	fmt.Fprintln(b, Fold(line, columns))
	fmt.Fprintln(b, Fold("total: "+Summary(sum), columns))
}

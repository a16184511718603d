package engine

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"viamillipede/netio"
	"viamillipede/netio/sockstats"
)

// row is one link in the status table.
type row struct {
	index    int
	path     string
	state    string
	loop     int
	bytes    uint64
	since    time.Time
	info     netio.Info
	inFlight int
	counted  *sockstats.Link // nil: no statistics
}

// statusPatience is how long a status table waits for a loop that is busy.
const statusPatience = time.Second

// collect has the loop describe its links; nil when it is too busy to answer.
func (l *loop) collect(describe func() []row) []row {
	return ask(l, describe)
}

// ask has the loop answer on its thread; nil when it is too busy, or has ended.
func ask[T any](l *loop, question func() []T) []T {
	answer := make(chan []T, 1)
	if !l.post(func() { answer <- question() }) {
		return nil
	}
	timeout := time.NewTimer(statusPatience)
	defer timeout.Stop()
	select {
	case list := <-answer:
		return list
	case <-l.done:
	case <-timeout.C:
	}
	return nil
}

// row describes the link; on its loop's thread.
func (k *linkState) row(inFlight int) row {
	return row{
		index: k.index, path: k.path, state: "up", loop: k.loop.id, bytes: k.bytes, since: k.since,
		info: k.conn.Info(), inFlight: inFlight, counted: k.counted,
	}
}

// WriteStatus writes the status table of the sending end to w, in one call; after the end of the stream, its summary. Any
// goroutine may call it.
func (s *Sender) WriteStatus(w io.Writer) error { return s.curtain.status(w, s.writeTable, s.Summary) }

func (s *Sender) writeTable(w io.Writer) error {
	rows := make([]row, len(s.homes))
	for i := range rows {
		p := s.homes[i]
		rows[i] = row{index: i, path: p.String(), state: "dialling", loop: s.loopOf(i)}
		if !s.planned[i].Load() {
			rows[i].state = ""
		}
		if _, _, _, last := p.state(); last != nil && rows[i].state != "" {
			rows[i].state = "down"
		}
	}
	for _, l := range s.loops {
		for _, r := range l.collect(l.describe) {
			rows[r.index] = r
		}
	}
	rows = slices.DeleteFunc(rows, func(r row) bool { return r.state == "" })
	now := time.Now()
	sum := s.summary(now)
	var b strings.Builder
	writeRows(&b, rows, now)
	writeLoops(&b, s.placed.Load(), rows)
	writeCounts(&b, rows, s.gauge.lost())
	writePaths(&b, sum.Paths)
	fmt.Fprintf(&b, "total: %v\n", sum)
	s.writeWindow(&b)
	_, err := io.WriteString(w, b.String())
	return err
}

func (s *Sender) writeWindow(b *strings.Builder) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.met {
		fmt.Fprintf(b, "window: no receiver yet\n")
		return
	}
	w := s.window.state()
	fmt.Fprintf(b, "window: next leg %d, received to %d, delivered to %d, credit %d, to be resent %d, kept %s of %s, buffers %d of %d\n",
		w.next, w.base, w.delivered, w.credit, w.waiting, formatBytes(uint64(w.kept)), formatBytes(uint64(w.limit)),
		s.pool.InUse(), s.buffers)
}

func (l *txloop) describe() []row {
	var rows []row
	for _, k := range l.links {
		rows = append(rows, k.row(len(k.carried)))
	}
	return rows
}

// WriteStatus writes the status table of the receiving end to w, in one call; after the end of the stream, its summary. Any
// goroutine may call it.
func (r *Receiver) WriteStatus(w io.Writer) error {
	return r.curtain.status(w, r.writeTable, r.Summary)
}

func (r *Receiver) writeTable(w io.Writer) error {
	var rows []row
	for _, l := range r.loops {
		rows = append(rows, l.collect(l.describe)...)
	}
	slices.SortFunc(rows, func(a, b row) int { return a.index - b.index })
	now := time.Now()
	var b strings.Builder
	writeRows(&b, rows, now)
	writeLoops(&b, r.placed.Load(), rows)
	writeCounts(&b, rows, r.gauge.lost())
	fmt.Fprintf(&b, "total: %v\n", r.summary(now))
	r.writeRing(&b)
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *Receiver) writeRing(b *strings.Builder) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.met {
		fmt.Fprintf(b, "ring: no sender yet\n")
		return
	}
	sink := "takes bytes"
	if r.out.blocked.Load() {
		sink = "is full, its consumer is behind"
	}
	fmt.Fprintf(b, "ring: next leg %d, received to %d, depth %d, credit %d, buffers %d of %d; the sink %s\n",
		r.ring.Next(), r.ring.Received(), r.ring.Depth(), r.credit, r.pool.InUse(), len(r.legs), sink)
}

func (l *rxloop) describe() []row {
	var rows []row
	for _, k := range l.links {
		inFlight := 0
		if k.leg != nil {
			inFlight = 1
		}
		rows = append(rows, k.row(inFlight))
	}
	return rows
}

// writeRows writes the table: a line for each link.
func writeRows(b *strings.Builder, rows []row, now time.Time) {
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "link\tpath\tstate\tbytes\trate\tRTT\tcwnd\tretrans\tlegs\tCPU\tNAPI\tloop\t")
	for _, r := range rows {
		if r.state != "up" {
			fmt.Fprintf(t, "%d\t%s\t%s\t-\t-\t-\t-\t-\t-\t-\t-\t%d\t\n", r.index, r.path, r.state, r.loop)
			continue
		}
		fmt.Fprintf(t, "%d\t%s\t%s\t%s\t%s/s\t%v\t%d\t%d\t%d\t%s\t%s\t%d\t\n", r.index, r.path, r.state,
			formatBytes(r.bytes), formatBytes(perSecond(r.bytes, now.Sub(r.since))),
			r.info.RTT.Round(10*time.Microsecond), r.info.Cwnd, r.info.Retransmits, r.inFlight,
			orNone(r.info.CPU, -1), orNone(r.info.NAPI, 0), r.loop)
	}
	t.Flush()
}

// orNone is a number for people, a dash where it is the one that stands for none.
func orNone(n, none int) string {
	if n == none {
		return "-"
	}
	return strconv.Itoa(n)
}

// writeLoops writes a line for each loop: where it runs, and whether the packets of its links come in there.
func writeLoops(b *strings.Builder, at *placement, rows []row) {
	for i, cpu := range at.cpus {
		links, near := 0, 0
		for _, r := range rows {
			if r.loop == i && r.state == "up" {
				links++
				if r.info.CPU >= 0 && r.info.CPU == cpu {
					near++
				}
			}
		}
		where := "any CPU"
		if cpu >= 0 {
			where = fmt.Sprintf("CPU %d", cpu)
		}
		if node := at.node(cpu); node >= 0 {
			where += fmt.Sprintf(", node %d", node)
		}
		fmt.Fprintf(b, "loop %d: %s: %s, %d of them come in on its CPU\n", i, where, number(links, "link"), near)
	}
}

// writePaths writes the table of the paths: a line for each.
func writePaths(b *strings.Builder, paths []PathSummary) {
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "path\tlinks\tbytes\tshare\trate\tRTT\tlost\trescued from\trescued to\thead\t")
	for _, p := range paths {
		fmt.Fprintf(t, "%s\t%d\t%s\t%.1f %%\t%s/s\t%v\t%d\t%d\t%d\t%.1f %%\t\n", p.Name, p.Links, formatBytes(p.Bytes),
			100*p.Share, formatBytes(p.Rate), p.RTT.Round(10*time.Microsecond), p.LinksLost, p.RescuedFrom, p.RescuedTo, 100*p.Head)
	}
	t.Flush()
}

// perSecond is a rate in bytes a second.
func perSecond(bytes uint64, d time.Duration) uint64 {
	if d <= 0 {
		return 0
	}
	return uint64(float64(bytes) / d.Seconds())
}

package engine

import (
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"viamillipede/engine/loop"
	"viamillipede/engine/schedule"
	"viamillipede/engine/wire"
	"viamillipede/netio"
	"viamillipede/netio/sockstats"
)

// row is one link in the status table.
type row struct {
	index    int
	path     string
	order    int    // of the path; -1 at a receiver, which knows none
	state    string // "up", "stalls": nothing gets through, "down": it was up, or cannot be dialled, or "dialling"
	since    time.Time
	loop     int
	bytes    uint64
	rate     uint64    // bytes in the last second
	heard    time.Time // when the last bytes came in; zero: there is no link
	info     netio.Info
	inFlight int
	counted  *sockstats.Link // nil: no statistics
}

// up reports whether there is a link.
func (r row) up() bool { return !r.heard.IsZero() }

// row describes the link, which has carried so many bytes, and whose peer beats so often; on its loop's thread.
func (k *linkState) row(carried uint64, inFlight int, beat time.Duration) row {
	r := row{
		index: k.index, path: k.path, order: -1, state: "up", since: k.since, loop: k.loop.ID, bytes: k.bytes,
		rate: k.pulse.rate(k.loop.Now, carried), heard: k.heard, info: k.conn.Info(), inFlight: inFlight, counted: k.counted,
	}
	if k.loop.Now.Sub(k.heard) >= silentBeats*beat {
		r.state, r.since = "stalls", k.heard
	}
	return r
}

// silentBeats is how many heartbeats of the peer have to be missing until a link stands as one that stalls.
const silentBeats = 2

// WriteStatus writes Status, as wide as it is, to w, in one call. Any goroutine may call it.
func (s *Sender) WriteStatus(w io.Writer) error {
	_, err := io.WriteString(w, s.Status(0))
	return err
}

// Status is the status table of the sending end, in lines of at most so many characters as far as possible; 0 is any number. After
// the end of the stream it is its summary. Any goroutine may call it.
func (s *Sender) Status(columns int) string {
	return s.curtain.status(func() string { return s.table(columns) }, s.Summary)
}

func (s *Sender) table(columns int) string {
	rows, now := s.rows(), time.Now()
	sum := s.summary(now)
	paths := describePaths(s.paths, sum.Paths, rows)
	var b strings.Builder
	writeRows(&b, columns, rows, now)
	writeLoops(&b, columns, s.placed.Load(), rows)
	writeCounts(&b, columns, rows, s.gauge.lost())
	writePaths(&b, columns, paths, now)
	writeTotals(&b, columns, sum, rows)
	fmt.Fprintln(&b, fold(s.windowLine(), columns))
	return b.String()
}

// rows describes all links that there should be.
func (s *Sender) rows() []row {
	rows := make([]row, len(s.homes))
	for i, p := range s.homes {
		rows[i] = row{index: i, path: p.String(), order: p.order, state: s.missing(i, p), loop: s.loopOf(i)}
	}
	s.mu.Lock()
	for i := range rows {
		if rows[i].since = s.left[i]; rows[i].since.IsZero() {
			rows[i].since = s.started
		} else if rows[i].state != "" {
			rows[i].state = "down"
		}
	}
	s.mu.Unlock()
	for _, l := range s.loops {
		for _, r := range loop.Ask(l.Loop, schedule.StatusPatience, l.describe) {
			rows[r.index] = r
		}
	}
	return slices.DeleteFunc(rows, func(r row) bool { return r.state == "" })
}

// missing is the state of a link that there is not; empty where none is wanted.
func (s *Sender) missing(link int, home *pathState) string {
	if !s.planned[link].Load() {
		return ""
	}
	if _, _, _, last := home.state(); last != nil {
		return "down"
	}
	return "dialling"
}

func (s *Sender) windowLine() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.met {
		return "window: no receiver yet"
	}
	w := s.window.State()
	return fmt.Sprintf("window: next leg %d, received to %d, delivered to %d, credit %d, to be resent %d, kept %s of %s, buffers %d of %d",
		w.Next, w.Base, w.Delivered, w.Credit, w.Waiting, formatBytes(uint64(w.Kept)), formatBytes(uint64(w.Limit)),
		s.pool.InUse(), s.buffers)
}

func (l *txloop) describe() []row {
	var rows []row
	for _, k := range l.links {
		rows = append(rows, k.row())
	}
	return rows
}

// row describes the link; on its loop's thread.
func (k *txlink) row() row {
	k.measure()
	r := k.linkState.row(k.acknowledged(), len(k.carried), k.s.time.Beat)
	r.order = k.path.order
	if since, stuck := k.stuck(); stuck && (r.state == "up" || since.Before(r.since)) {
		r.state, r.since = "stalls", since
	}
	return r
}

// acknowledged is how many bytes of legs have left and were acknowledged by the peer's kernel, as it was last measured; of a kernel that
// does not tell, what the socket has taken.
func (k *txlink) acknowledged() uint64 {
	taken := k.bytes
	if k.leg != nil {
		taken += uint64(k.leg.Length - k.unwritten())
	} else if len(k.carried) == 0 && !k.watch.stalled {
		return taken
	}
	return taken - min(taken, uint64(k.queue.InNetwork+k.queue.Unsent))
}

// stuck reports whether nothing gets through of what the link carries, and since when.
func (k *txlink) stuck() (since time.Time, stuck bool) {
	if k.watch.stalled {
		return k.watch.moved, true
	}
	if len(k.trips) == 0 || k.watch.excused || !k.queue.Told {
		return time.Time{}, false
	}
	since = schedule.Later(k.watch.moved, k.trips[0].From)
	return since, k.loop.Now.Sub(since) >= k.stalledAfter()
}

// WriteStatus writes Status, as wide as it is, to w, in one call. Any goroutine may call it.
func (r *Receiver) WriteStatus(w io.Writer) error {
	_, err := io.WriteString(w, r.Status(0))
	return err
}

// Status is the status table of the receiving end, in lines of at most so many characters as far as possible; 0 is any number. After
// the end of the stream it is its summary. Any goroutine may call it.
func (r *Receiver) Status(columns int) string {
	return r.curtain.status(func() string { return r.table(columns) }, r.Summary)
}

func (r *Receiver) table(columns int) string {
	rows, now := r.rows(), time.Now()
	var b strings.Builder
	writeRows(&b, columns, rows, now)
	writeLoops(&b, columns, r.placed.Load(), rows)
	writeCounts(&b, columns, rows, r.gauge.lost())
	writeTotals(&b, columns, r.summary(now), rows)
	fmt.Fprintln(&b, fold(r.ringLine(), columns))
	return b.String()
}

// rows describes all links, those that were lost and did not come back among them.
func (r *Receiver) rows() []row {
	var rows []row
	up := make(map[int]bool)
	for _, l := range r.loops {
		for _, link := range loop.Ask(l.Loop, schedule.StatusPatience, l.describe) {
			rows = append(rows, link)
			up[link.index] = true
		}
	}
	r.mu.Lock()
	for _, gone := range r.left {
		if !up[gone.index] {
			rows = append(rows, gone)
		}
	}
	r.mu.Unlock()
	slices.SortFunc(rows, func(a, b row) int { return a.index - b.index })
	return rows
}

// lostRow describes a link that is lost now.
func (k *rxlink) lostRow() row {
	return row{index: k.index, path: k.path, order: -1, state: "down", since: k.loop.Now, loop: k.loop.ID}
}

func (r *Receiver) ringLine() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.met {
		return "ring: no sender yet"
	}
	sink := "takes bytes"
	if r.out.blocked.Load() {
		sink = "is full, its consumer is behind"
	}
	return fmt.Sprintf("ring: next leg %d, received to %d, depth %d, credit %d, buffers %d of %d; the sink %s",
		r.ring.Next(), r.ring.Received(), r.ring.Depth(), r.credit, r.pool.InUse(), len(r.legs), sink)
}

func (l *rxloop) describe() []row {
	var rows []row
	for _, k := range l.links {
		rows = append(rows, k.row())
	}
	return rows
}

// row describes the link; on its loop's thread.
func (k *rxlink) row() row {
	inFlight := 0
	if k.leg != nil || k.cut.on {
		inFlight = 1
	}
	return k.linkState.row(k.arrived(), inFlight, k.r.time.Beat)
}

// arrived is how many bytes of legs have come in, those of the leg that is not whole included.
func (k *rxlink) arrived() uint64 {
	if k.inside && k.frame.Type == wire.TypeLeg {
		return k.bytes + uint64(k.got)
	}
	return k.bytes
}

// wideEnough is how many characters a line has in which there mostly is room for the names of paths. In shorter ones a path
// stands by its number, and a sender by its host.
const wideEnough = 140

func narrow(columns int) bool { return 0 < columns && columns < wideEnough }

// pathName names the path of a link in a table.
func (r row) pathName(columns int) string {
	switch host, _, err := net.SplitHostPort(r.path); {
	case !narrow(columns) || r.order < 0 && err != nil:
		return r.path
	case r.order < 0:
		return host
	}
	return strconv.Itoa(r.order + 1)
}

// writeRows writes the table of the links: a line for each.
func writeRows(b *strings.Builder, columns int, rows []row, now time.Time) {
	cells := func(up bool, cell func(r row) string) (list []string) {
		for _, r := range rows {
			if up && !r.up() {
				list = append(list, "-")
				continue
			}
			list = append(list, cell(r))
		}
		return list
	}
	writeTable(b, columns, []column{
		{"link", 0, cells(false, func(r row) string { return strconv.Itoa(r.index) })},
		{"path", 3, cells(false, func(r row) string { return r.pathName(columns) })},
		{"state", 0, cells(false, func(r row) string { return r.state })},
		{"for", 2, cells(false, func(r row) string { return short(now.Sub(r.since)) })},
		{"bytes", 4, cells(true, func(r row) string { return formatBytes(r.bytes) })},
		{"rate", 0, cells(true, func(r row) string { return formatBytes(r.rate) + "/s" })},
		{"heard", 1, cells(true, func(r row) string { return short(now.Sub(r.heard)) })},
		{"RTT", 5, cells(true, func(r row) string { return r.info.RTT.Round(10 * time.Microsecond).String() })},
		{"cwnd", 8, cells(true, func(r row) string { return strconv.Itoa(r.info.Cwnd) })},
		{"retrans", 6, cells(true, func(r row) string { return strconv.Itoa(int(r.info.Retransmits)) })},
		{"legs", 7, cells(true, func(r row) string { return strconv.Itoa(r.inFlight) })},
		{"CPU", 9, cells(true, func(r row) string { return orNone(r.info.CPU, -1) })},
		{"NAPI", 11, cells(true, func(r row) string { return orNone(r.info.NAPI, 0) })},
		{"loop", 10, cells(false, func(r row) string { return strconv.Itoa(r.loop) })},
	})
}

// orNone is a number for people, a dash where it is the one that stands for none.
func orNone(n, none int) string {
	if n == none {
		return "-"
	}
	return strconv.Itoa(n)
}

// writeLoops writes a line for each loop: where it runs, and whether the packets of its links come in there.
func writeLoops(b *strings.Builder, columns int, at *placement, rows []row) {
	for i, cpu := range at.cpus {
		links, near := 0, 0
		for _, r := range rows {
			if r.loop == i && r.up() {
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
		fmt.Fprintln(b, fold(fmt.Sprintf("loop %d: %s: %s, %d of them come in on its CPU", i, where, number(links, "link"), near), columns))
	}
}

// pathRow is one path in the status table.
type pathRow struct {
	PathSummary
	now   uint64    // bytes in the last second
	since time.Time // when its last link was lost; zero: it has one
	why   string    // it has no link
}

// describePaths adds up what the rows say of each path.
func describePaths(paths []*pathState, sums []PathSummary, rows []row) []pathRow {
	all := make([]pathRow, len(paths))
	for i, p := range paths {
		all[i] = pathRow{PathSummary: sums[i]}
		for _, r := range rows {
			if r.order == i && r.up() {
				all[i].now += r.rate
			}
		}
		if up, _, _, last := p.state(); up == 0 {
			all[i].since, all[i].why = p.downSince(), "no answer yet"
			if last != nil {
				all[i].why = last.Error()
			}
		}
	}
	return all
}

// writePaths writes the table of the paths, and a line for each that has no link.
func writePaths(b *strings.Builder, columns int, paths []pathRow, now time.Time) {
	var names []string
	for _, p := range paths {
		names = append(names, p.Name)
	}
	cells := func(cell func(p pathRow) string) (list []string) {
		for _, p := range paths {
			list = append(list, cell(p))
		}
		return list
	}
	if narrow(columns) {
		for i, name := range names {
			fmt.Fprintln(b, fold(fmt.Sprintf("path %d: %s", i+1, name), columns))
			names[i] = strconv.Itoa(i + 1)
		}
	}
	writeTable(b, columns, []column{
		{"path", 0, names},
		{"links", 1, cells(func(p pathRow) string { return strconv.Itoa(p.Links) })},
		{"bytes", 3, cells(func(p pathRow) string { return formatBytes(p.Bytes) })},
		{"share", 4, cells(func(p pathRow) string { return fmt.Sprintf("%.1f %%", 100*p.Share) })},
		{"rate", 0, cells(func(p pathRow) string { return formatBytes(p.now) + "/s" })},
		{"mean", 8, cells(func(p pathRow) string { return formatBytes(p.Rate) + "/s" })},
		{"RTT", 2, cells(func(p pathRow) string { return p.RTT.Round(10 * time.Microsecond).String() })},
		{"lost", 5, cells(func(p pathRow) string { return strconv.FormatUint(p.LinksLost, 10) })},
		{"rescued from", 9, cells(func(p pathRow) string { return strconv.FormatUint(p.RescuedFrom, 10) })},
		{"rescued to", 7, cells(func(p pathRow) string { return strconv.FormatUint(p.RescuedTo, 10) })},
		{"head", 6, cells(func(p pathRow) string { return fmt.Sprintf("%.1f %%", 100*p.Head) })},
	})
	for i, p := range paths {
		if p.why != "" {
			fmt.Fprintln(b, fold(fmt.Sprintf("path %s has no link%s: %s", names[i], forSince(p.since, now), p.why), columns))
		}
	}
}

// forSince is how long something has been so; nothing where that is not known.
func forSince(since, now time.Time) string {
	if since.IsZero() {
		return ""
	}
	return " for " + forPeople(now.Sub(since))
}

// writeTotals writes what all links together did.
func writeTotals(b *strings.Builder, columns int, sum Summary, rows []row) {
	rate, up, stall := uint64(0), 0, 0
	for _, r := range rows {
		rate += r.rate
		if r.up() {
			up++
		}
		if r.state == "stalls" {
			stall++
		}
	}
	line := fmt.Sprintf("last second: %s/s on %s", formatBytes(rate), number(up, "link"))
	if stall > 0 {
		line += fmt.Sprintf(", of which %d stalled", stall)
	}
	fmt.Fprintln(b, fold(line, columns))
	fmt.Fprintln(b, fold(fmt.Sprintf("total: %v", sum), columns))
}

// perSecond is a rate in bytes a second.
func perSecond(bytes uint64, d time.Duration) uint64 {
	if d <= 0 {
		return 0
	}
	return uint64(float64(bytes) / d.Seconds())
}

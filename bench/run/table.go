package run

import (
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"viamillipede/engine/observe"
)

// printer prints rounds as they come, in columns fixed before the first: a terminal of 100 columns is enough.
type printer struct {
	out, err io.Writer
	verbose  int
	terminal bool // err is a terminal, and nothing else is written there, so the progress line is overwritten in place
	written  int  // columns of that line
	headed   bool
	labels   map[string]string // of variants with long names

	now string // the running round
	all time.Duration

	mu sync.Mutex // of lines while a round runs
}

// labelMost is the width of the widest configuration shown, in columns; a wider one gets a number.
const labelMost = 28

func newPrinter(c *Config) *printer {
	p := &printer{out: c.Out, err: c.Err, verbose: c.Verbose, terminal: c.Verbose == 0 && isTerminal(c.Err), all: c.Warmup + c.Length, labels: map[string]string{}}
	if c.JSON == "-" || c.Bench == "-" {
		p.out = c.Err
	}
	return p
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}

// begin announces a round.
func (p *printer) begin(n, of int, name string) {
	p.now = fmt.Sprintf("round %d of %d, %s", n, of, name)
	if p.terminal {
		p.progress(0, 0)
	} else if observe.Level(p.verbose) >= observe.LevelSummary {
		fmt.Fprintln(p.err, Prefix+p.now)
	}
}

// progress shows the round's progress on a terminal.
func (p *printer) progress(bytes uint64, elapsed time.Duration) {
	if !p.terminal {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	line := Prefix + p.now
	if elapsed > 0 {
		line += fmt.Sprintf(": %.0f of %.0f s, %s MB/s", elapsed.Seconds(), max(p.all, elapsed).Seconds(),
			rateText(float64(bytes)/elapsed.Seconds()))
	}
	line = shorten(line, lineMost-1)
	fmt.Fprintf(p.err, "\r%-*s", p.written, line)
	p.written = utf8.RuneCountInString(line)
}

const lineMost = 100

// clear erases the progress line.
func (p *printer) clear() {
	if p.written > 0 {
		fmt.Fprintf(p.err, "\r%*s\r", p.written, "")
		p.written = 0
	}
}

// says prints a line of its own.
func (p *printer) says(format string, args ...any) {
	p.clear()
	fmt.Fprintf(p.out, format+"\n", args...)
}

// The columns. A round's line:
//
//	round  configuration  MB/s  differ  tx s/GiB  rx s/GiB  retrans  resent  lanes
const (
	headRow    = "%5s  %-28s %9s %7s %9s %9s %8s %10s %6s"
	headFigure = "%5s  %-28s %9s %7s %9s %7s %9s %7s %8s"
)

// row prints one round.
func (p *printer) row(r round) {
	label := p.label(r.name)
	p.head()
	lanes := "-"
	if n := len(r.rx.Queues); n > 0 {
		lanes = strconv.Itoa(n)
	}
	p.line(headRow, strconv.Itoa(r.number), label, rateText(r.rate()), percent(r.differs()), costText(r.tx.perGiB()), costText(r.rx.perGiB()),
		strconv.FormatUint(r.tx.Retransmits, 10), bytesText(r.tx.Resent), lanes)
	if observe.Level(p.verbose) >= observe.LevelSummary {
		p.ends(&r)
	}
	if observe.Level(p.verbose) >= observe.LevelLinks {
		p.links(&r)
	}
}

// head prints the names of the columns, once for each table.
func (p *printer) head() {
	if !p.headed {
		p.headed = true
		p.line(headRow, "round", "configuration", "MB/s", "differ", "tx s/GiB", "rx s/GiB", "retrans", "resent", "lanes")
	}
}

// lap returns what prints how much a stream has carried from one moment to another while it runs; way tells it from another one.
func (p *printer) lap(way string) func(from, to time.Duration, bytes uint64) {
	return func(from, to time.Duration, bytes uint64) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.head()
		p.line(headRow, "", fmt.Sprintf("%.1f to %.1f s%s", from.Seconds(), to.Seconds(), way), rateText(float64(bytes)/(to-from).Seconds()),
			"", "", "", "", "", "")
	}
}

// waits says that another bench is served first.
func (p *printer) waits(peer string) {
	p.clear()
	fmt.Fprintf(p.err, "%stx: %s serves another bench; waiting for a turn\n", Prefix, peer)
}

func (p *printer) line(format string, args ...any) {
	p.clear()
	fmt.Fprintln(p.out, strings.TrimRight(fmt.Sprintf(format, args...), " "))
}

// label is what stands for a variant; if it is only a number, label first prints what the number means.
func (p *printer) label(name string) string {
	if utf8.RuneCountInString(name) <= labelMost {
		return name
	}
	if p.labels[name] == "" {
		p.labels[name] = fmt.Sprintf("#%d", len(p.labels)+1)
		p.says("%s is %s", p.labels[name], name)
	}
	return p.labels[name]
}

// ends prints how the bytes travelled at both ends, and by which queues they came in.
func (p *printer) ends(r *round) {
	for _, e := range []struct {
		name string
		*end
	}{{"tx", &r.tx}, {"rx", &r.rx}} {
		p.say("%s: %d bytes, %d of them in %.3f s, %s MB/s, %.3f s of CPU, %d links lost, %s", e.name, e.Bytes, e.Counted, e.Seconds,
			rateText(e.rate()), e.CPU, e.LinksLost, e.Path)
	}
	if len(r.rx.Queues) == 0 {
		return
	}
	var sum float64
	for _, q := range r.rx.Queues {
		sum += float64(q.Bytes)
	}
	var all []string
	for _, q := range r.rx.Queues {
		all = append(all, fmt.Sprintf("%s %.1f %%", q.Name, 100*float64(q.Bytes)/sum))
	}
	p.say("receive queues: %s", strings.Join(all, ", "))
}

// say prints text below a row, wrapped.
func (p *printer) say(format string, args ...any) {
	const indent = "         "
	line := "       "
	for _, word := range strings.Fields(fmt.Sprintf(format, args...)) {
		if len(line)+1+len(word) > lineMost && len(line) > len(indent) {
			p.line("%s", line)
			line = indent
		}
		line += " " + word
	}
	p.line("%s", line)
}

// links prints a line for each link.
func (p *printer) links(r *round) {
	const head = "%7s %4s  %-24s %9s %9s %8s %4s %6s"
	p.line(head, "", "link", "tx to", "tx MB/s", "rx MB/s", "retrans", "CPU", "NAPI")
	rx := map[int]link{}
	for _, l := range r.rx.Links {
		rx[l.Index] = l
	}
	for _, l := range r.tx.Links {
		other, ok := rx[l.Index]
		if !ok {
			other.CPU = -1
		}
		p.line(head, "", strconv.Itoa(l.Index), shorten(l.Path, 24), rateText(l.Rate), rateText(other.Rate),
			strconv.FormatUint(l.Retransmits, 10), orNone(other.CPU, -1), orNone(other.NAPI, 0))
	}
}

// orNone is a number for people, or a dash if it equals none.
func orNone(n, none int) string {
	if n == none {
		return "-"
	}
	return strconv.Itoa(n)
}

// summary prints the median of each variant and the spread of its rounds.
func (p *printer) summary(rounds []round) {
	p.clear()
	if len(rounds) == 0 {
		return
	}
	p.line("")
	p.line("median, and the spread (highest minus lowest) as a percentage of it:")
	p.line(headFigure, "runs", "configuration", "MB/s", "spread", "tx s/GiB", "spread", "rx s/GiB", "spread", "retrans")
	for _, of := range gather(rounds) {
		f := figuresOf(of)
		var again []float64
		for _, r := range of {
			again = append(again, float64(r.tx.Retransmits))
		}
		p.line(headFigure, strconv.Itoa(len(of)), p.label(of[0].name), rateText(f[0].median), share(f[0].spread),
			costText(f[1].median), share(f[1].spread), costText(f[2].median), share(f[2].spread),
			strconv.FormatFloat(figureOf(again).median, 'f', -1, 64))
	}
	p.headed = false
}

// rateText is a rate, in bytes a second, as 10^6 bytes a second.
func rateText(rate float64) string { return strconv.FormatFloat(rate/1e6, 'f', 1, 64) }

// costText is a number of seconds of CPU.
func costText(s float64) string { return strconv.FormatFloat(s, 'f', 3, 64) }

// percent is a fraction in per cent, with its sign.
func percent(f float64) string {
	tenths := math.Round(1000 * f)
	if tenths == 0 {
		return "0.0 %" // and not -0.0
	}
	return fmt.Sprintf("%+.1f %%", tenths/10)
}

// share is a fraction in per cent, without a sign.
func share(f float64) string { return fmt.Sprintf("%.1f %%", 100*f) }

// bytesText is a number of bytes in few columns.
func bytesText(n uint64) string {
	v, unit := float64(n), "B"
	for _, next := range []string{"kB", "MB", "GB", "TB"} {
		if v < 1000 {
			break
		}
		v, unit = v/1000, next
	}
	if unit == "B" {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %s", v, unit)
}

// shorten cuts a text off after so many columns.
func shorten(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

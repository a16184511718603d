package doctor

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"viamillipede/affinity"
)

// Report is what Look found.
type Report struct {
	Checks []Check
	Facts  Facts
}

// Facts are what programs may want of a report besides the verdicts. The JSON names are stable.
type Facts struct {
	Kernel   string            `json:"kernel"`   // release
	Host     string            `json:"host"`     // as the user named it; "" for the default route
	Device   string            `json:"device"`   // device of the route; "" if there is none
	Packages int               `json:"packages"` // CPU sockets
	Nodes    int               `json:"nodes"`
	CPUs     []CPU             `json:"cpus"`
	Allowed  []int             `json:"allowed"` // CPUs that this process may use
	Quota    float64           `json:"quota"`   // CPUs that its cgroup grants; 0 means no limit
	NICs     []NIC             `json:"nics"`
	BPF      map[string]string `json:"bpf"` // by type of program: "ok", or why it cannot be loaded
}

// CPU is one thread of the machine.
type CPU struct {
	ID      int `json:"id"`
	Package int `json:"package"`
	Core    int `json:"core"`
	Node    int `json:"node"`
}

// NIC is a network card that the route leaves by.
type NIC struct {
	Name   string  `json:"name"`
	Driver string  `json:"driver"`
	Node   int     `json:"node"`  // -1 if none
	MTU    int     `json:"mtu"`   // bytes
	Speed  uint64  `json:"speed"` // bits a second; 0 if unknown
	RX     []Queue `json:"rx"`
	TX     []Queue `json:"tx"`
	RSS    *RSS    `json:"rss"` // null if the driver or the kernel does not tell
}

// Queue is a queue of a card.
type Queue struct {
	IRQ     int   `json:"irq"`     // -1 if none was found
	CPUs    []int `json:"cpus"`    // CPUs that take its interrupt
	Steered []int `json:"steered"` // rx: CPUs that handle its packets (RPS); tx: CPUs that send by it (XPS)
}

// RSS is how received packets are spread over the queues: by Table[hash % len(Table)].
type RSS struct {
	Function string   `json:"function"`
	Key      string   `json:"key"` // hexadecimal
	Table    []uint32 `json:"table"`
}

// facts gathers the Facts.
func (l *look) facts() Facts {
	f := Facts{
		Host: l.Host, Device: l.Device, Allowed: list(l.allowed), CPUs: []CPU{}, NICs: []NIC{}, BPF: map[string]string{},
	}
	f.Kernel = l.Sysctl("kernel.osrelease")
	for _, kind := range programKinds {
		f.BPF[kind] = l.right(kind)
	}
	for _, c := range l.cards {
		f.NICs = append(f.NICs, c.facts())
	}
	if l.machine == nil {
		return f
	}
	packages := map[int]bool{}
	for _, c := range l.machine.CPUs {
		packages[c.Package] = true
		f.CPUs = append(f.CPUs, CPU{ID: c.ID, Package: c.Package, Core: c.Core, Node: c.Node})
	}
	f.Packages, f.Nodes, f.Quota = len(packages), len(l.machine.Nodes), l.machine.Quota
	return f
}

func (c *card) facts() NIC {
	n := NIC{
		Name: c.Name, Driver: c.Driver, Node: c.Node, MTU: c.mtu, Speed: c.link.Speed,
		RX: queueFacts(c.RX), TX: queueFacts(c.TX),
	}
	if c.rssErr == nil {
		n.RSS = &RSS{Function: c.rss.Function, Key: hex.EncodeToString(c.rss.Key), Table: append([]uint32{}, c.rss.Table...)}
	}
	return n
}

func queueFacts(queues []affinity.Queue) []Queue {
	all := []Queue{}
	for _, q := range queues {
		all = append(all, Queue{IRQ: q.IRQ, CPUs: list(q.CPUs), Steered: list(q.Steered)})
	}
	return all
}

// list copies numbers so that JSON never shows null.
func list(numbers []int) []int { return append([]int{}, numbers...) }

// WriteJSON writes the report as one JSON object:
//
//	{"checks": [{"name", "device", "verdict", "found", "advice", "fix"}, ...], "facts": {...}}
//
// All values of a check are strings; fix is a shell command line, "" if there is nothing to run.
func (r Report) WriteJSON(w io.Writer) error {
	type check struct {
		Name    string  `json:"name"`
		Device  string  `json:"device"`
		Verdict Verdict `json:"verdict"`
		Found   string  `json:"found"`
		Advice  string  `json:"advice"`
		Fix     string  `json:"fix"`
	}
	all := struct {
		Checks []check `json:"checks"`
		Facts  Facts   `json:"facts"`
	}{[]check{}, r.Facts}
	for _, c := range r.Checks {
		all.Checks = append(all.Checks, check{c.Name, c.Device, c.Verdict, c.Found, c.Advice, strings.Join(c.Fix, "; ")})
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false) // people read "echo 3 > file", too
	e.SetIndent("", "  ")
	return e.Encode(all)
}

// columns is the width that the text fits into, unless a single word is longer.
const columns = 100

// mostFixes is how many commands of a check the text shows; programs get all.
const mostFixes = 2

// WriteText writes a line for each check: the verdict, the check's name, what was found and, if something is wrong, the
// command that changes it. Text that does not fit continues below, in the third column; long commands in the second.
func (r Report) WriteText(w io.Writer) error {
	width := 0
	for _, c := range r.Checks {
		width = max(width, len(c.title()))
	}
	var b strings.Builder
	for _, c := range r.Checks {
		c.write(&b, width)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (c Check) title() string { return strings.TrimSpace(c.Name + " " + c.Device) }

func (c Check) write(b *strings.Builder, width int) {
	head := fmt.Sprintf("%-7s  %-*s  ", c.Verdict, width, c.title())
	text := c.Found
	if c.Advice != "" {
		text += "; " + c.Advice
	}
	lines := wrap(text, columns-len(head))
	b.WriteString(head + strings.Join(lines, newLine(len(head))))
	last := len(head) + utf8.RuneCountInString(lines[len(lines)-1])
	for _, fix := range c.shown() {
		fix = "-> " + fix
		switch {
		case len(c.Fix) == 1 && last+2+len(fix) <= columns:
			b.WriteString("  " + fix)
		case len(head)+len(fix) <= columns:
			b.WriteString(newLine(len(head)) + fix)
		default: // a long one
			b.WriteString(newLine(len("missing  ")) + fix)
		}
	}
	b.WriteString("\n")
}

func newLine(indent int) string { return "\n" + strings.Repeat(" ", indent) }

// shown are the commands that the text shows.
func (c Check) shown() []string {
	if len(c.Fix) <= mostFixes+1 {
		return c.Fix
	}
	more := fmt.Sprintf("%s (and %d more: doctor json)", c.Fix[mostFixes-1], len(c.Fix)-mostFixes)
	return append(append([]string{}, c.Fix[:mostFixes-1]...), more)
}

// wrap breaks a text between words into lines of at most width columns.
func wrap(text string, width int) (lines []string) {
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}

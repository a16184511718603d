package doctor

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"viamillipede/affinity"
	"viamillipede/netio/ethtool"
)

// reason says in a few words why the kernel did not answer.
func reason(err error) string {
	if errors.Is(err, errors.ErrUnsupported) {
		return "the driver or this kernel does not answer"
	}
	return oneLine(err)
}

// queues says whether the card has as many queues as there are CPUs to work on them.
func queues(l *look, c *card) Check {
	const name = "queues"
	ch, err := l.Kernel.Channels(c.Name)
	switch {
	case l.allowedErr != nil:
		return unread(name, l.allowedErr)
	case err != nil:
		return bad(name, Missing, fmt.Sprintf("%d rx, %d tx; whether there can be more: %s", len(c.RX), len(c.TX), reason(err)), "")
	}
	if ch.Combined.Most > 0 {
		found := fmt.Sprintf("%d of %d, %s", ch.Combined.Now, ch.Combined.Most, count(len(l.allowed), "CPU"))
		if want := l.queuesFor(ch.Combined); ch.Combined.Now+max(ch.RX.Now, ch.TX.Now) < want {
			return bad(name, Slow, found, "the link is down for a moment", fmt.Sprintf("ethtool -L %s combined %d", c.Name, want))
		}
		return ok(name, "%s", found)
	}
	found := fmt.Sprintf("rx %d of %d, tx %d of %d, %s", ch.RX.Now, ch.RX.Most, ch.TX.Now, ch.TX.Most, count(len(l.allowed), "CPU"))
	rx, tx := l.queuesFor(ch.RX), l.queuesFor(ch.TX)
	if ch.RX.Now < rx || ch.TX.Now < tx {
		return bad(name, Slow, found, "the link is down for a moment",
			fmt.Sprintf("ethtool -L %s rx %d tx %d", c.Name, max(rx, ch.RX.Now), max(tx, ch.TX.Now)))
	}
	return ok(name, "%s", found)
}

// queuesFor is how many queues the CPUs can use.
func (l *look) queuesFor(a ethtool.Amounts) uint32 { return min(uint32(len(l.allowed)), a.Most) }

// interrupts says whether the receive queues' interrupts go to CPUs of their own, on the card's node.
func interrupts(l *look, c *card) Check {
	const name = "irqs"
	if l.allowedErr != nil {
		return unread(name, l.allowedErr)
	}
	at, upTo := map[int]bool{}, "" // CPUs that take interrupts, or may
	var irqs []affinity.Queue
	here, away := l.onNode(c.Node), 0
	for _, q := range c.RX {
		if q.IRQ <= 0 || len(q.CPUs) == 0 {
			continue
		}
		irqs = append(irqs, q)
		for _, cpu := range q.CPUs {
			at[cpu] = true
		}
		if len(q.CPUs) > 1 {
			upTo = "up to " // the kernel does not say which one it has chosen
		}
		if len(here) > 0 && len(intersect(q.CPUs, here)) == 0 {
			away++
		}
	}
	if len(irqs) == 0 {
		return bad(name, Missing, "no interrupt is known to belong to its receive queues", "")
	}
	found := fmt.Sprintf("%s on %s%s", count(len(irqs), "rx queue"), upTo, count(len(at), "CPU"))
	if l.balancer() {
		found += ", irqbalance runs"
	}
	if away > 0 {
		found += fmt.Sprintf(", %d of them away from node %d", away, c.Node)
	}
	cpus := intersect(here, l.allowed)
	if len(cpus) == 0 {
		cpus = l.allowed
	}
	if len(at) >= min(len(irqs), len(cpus)) && away == 0 {
		return ok(name, "%s", found)
	}
	return bad(name, Slow, found, "", l.placeInterrupts(irqs, cpus)...)
}

// placeInterrupts assigns one interrupt to each CPU in turn.
func (l *look) placeInterrupts(irqs []affinity.Queue, cpus []int) (fix []string) {
	if l.balancer() {
		fix = append(fix, "systemctl stop irqbalance") // it would move them back
	}
	for i, q := range irqs {
		fix = append(fix, fmt.Sprintf("echo %d > /proc/irq/%d/smp_affinity_list", cpus[i%len(cpus)], q.IRQ))
	}
	return fix
}

// balancer reports whether irqbalance runs.
func (l *look) balancer() bool {
	for _, pid := range l.Processes() {
		if name := l.Text(fmt.Sprintf("proc/%d/comm", pid)); name == "irqbalance" {
			return true
		}
	}
	return false
}

// receiveSteering says whether a card with one receive queue has its packets handled by several CPUs (RPS).
func receiveSteering(l *look, c *card) Check {
	const name = "rps"
	steered := 0
	for _, q := range c.RX {
		if len(q.Steered) > 0 {
			steered++
		}
	}
	switch {
	case l.allowedErr != nil:
		return unread(name, l.allowedErr)
	case len(c.RX) == 0:
		return bad(name, Missing, "no receive queue is shown in /sys", "")
	case steered > 0:
		return ok(name, "on for %d of %s", steered, count(len(c.RX), "rx queue"))
	case len(c.RX) > 1 || len(l.allowed) < 2:
		return ok(name, "off, and not needed: %s, %s", count(len(c.RX), "rx queue"), count(len(l.allowed), "CPU"))
	}
	return bad(name, Slow, fmt.Sprintf("off: one CPU of %d handles all that is received", len(l.allowed)), "",
		fmt.Sprintf("echo %s > /%s/queues/rx-0/rps_cpus", cpuMask(l.allowed), c.folder()))
}

// sendSteering says whether each CPU has its own send queue (XPS).
func sendSteering(l *look, c *card) Check {
	const name = "xps"
	steered := 0
	for _, q := range c.TX {
		if len(q.Steered) > 0 {
			steered++
		}
	}
	switch {
	case l.allowedErr != nil:
		return unread(name, l.allowedErr)
	case len(c.TX) == 0:
		return bad(name, Missing, "no send queue is shown in /sys", "")
	case len(c.TX) == 1:
		return ok(name, "one tx queue: nothing to choose")
	case steered > 0:
		return ok(name, "on for %d of %s", steered, count(len(c.TX), "tx queue"))
	}
	var fix []string
	for i := range c.TX {
		var own []int
		for at := i; at < len(l.allowed); at += len(c.TX) {
			own = append(own, l.allowed[at])
		}
		if own != nil {
			fix = append(fix, fmt.Sprintf("echo %s > /%s/queues/tx-%d/xps_cpus", cpuMask(own), c.folder(), i))
		}
	}
	return bad(name, Off, fmt.Sprintf("off: CPUs share %s", count(len(c.TX), "tx queue")), "", fix...)
}

// spread says whether received packets are spread evenly over the queues (RSS).
func spread(l *look, c *card) Check {
	const name = "rss"
	switch {
	case len(c.RX) == 1:
		return ok(name, "one rx queue: nothing to spread")
	case c.rssErr != nil:
		return bad(name, Missing, "not told: "+reason(c.rssErr), "")
	case len(c.rss.Table) == 0:
		return bad(name, Missing, "the driver gives no table", "")
	}
	loads := map[uint32]int{}
	for _, q := range c.rss.Table {
		loads[q]++
	}
	least, most := len(c.rss.Table), 0
	for _, n := range loads {
		least, most = min(least, n), max(most, n)
	}
	function := c.rss.Function
	if function == "" {
		function = "an unknown function"
	}
	found := fmt.Sprintf("%s over %s, a table of %d", function, count(len(loads), "queue"), len(c.rss.Table))
	blank := c.rss.Function == "toeplitz" && len(c.rss.Key) > 0 && !slices.ContainsFunc(c.rss.Key, func(b byte) bool { return b != 0 })
	even := "ethtool -X " + c.Name + " equal " + fmt.Sprint(len(c.RX))
	switch {
	case blank:
		return bad(name, Slow, found+", but the key is all zero: every packet goes to one queue", "",
			fmt.Sprintf("ethtool -X %s hkey %s", c.Name, someKey(len(c.rss.Key))))
	case len(loads) < len(c.RX):
		return bad(name, Slow, fmt.Sprintf("%s: %d get nothing", found, len(c.RX)-len(loads)), "", even)
	case most > least+1:
		return bad(name, Slow, fmt.Sprintf("%s, uneven: %d to %d entries each", found, least, most), "", even)
	}
	return ok(name, "%s, even", found)
}

// someKey is a key of n bytes that spreads well: an arithmetic sequence with an odd step, whose bytes all differ as long
// as there are at most 256.
func someKey(n int) string {
	words := make([]string, n)
	for i := range words {
		words[i] = fmt.Sprintf("%02x", byte(0x6d+i*0x95))
	}
	return strings.Join(words, ":")
}

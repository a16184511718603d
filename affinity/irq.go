package affinity

import (
	"slices"
	"strconv"
	"strings"
)

// interrupt is a line of /proc/interrupts: a number, and the names of those who requested it; several may share a line.
type interrupt struct {
	irq   int
	names []string
}

// parseInterrupts reads /proc/interrupts. A line has the number, a count per CPU, the chip and its pin, and then the
// names:
//
//	 38:          0       6238 PCI-MSIX-0000:00:03.0   1-edge      virtio2-input.0
//	 16:         12          0 IR-IO-APIC  16-fasteoi   ehci_hcd:usb1, eth0
//	NMI:          0          0   Non-maskable interrupts
//
// Lines of another form, and interrupts that belong to no device (NMI), are left out. Only the last word of a name with
// blanks remains; no queue has such a name.
func parseInterrupts(text string) []interrupt {
	var table []interrupt
	for line := range strings.Lines(text) {
		number, rest, ok := strings.Cut(line, ":")
		irq, err := strconv.ParseUint(strings.TrimSpace(number), 10, 31)
		if !ok || err != nil {
			continue
		}
		var names []string
		for item := range strings.SplitSeq(rest, ", ") {
			if words := strings.Fields(item); len(words) > 0 {
				names = append(names, words[len(words)-1])
			}
		}
		if len(names) > 0 {
			table = append(table, interrupt{int(irq), names})
		}
	}
	return table
}

// role is which queues an interrupt serves.
type role int

const (
	receives role = 1 << iota
	sends
	block // a block of gve: the first half of them sends, the second receives
	bare  // a number without a word, as in eth0-3: only the owner shows that it is a queue
	both  = receives | sends
)

// roles are the words before a queue's number in the names of interrupts, in lower case. Of two with the same ending the
// longer comes first.
var roles = []struct {
	word string
	role role
}{
	{"tx-rx", both},       // ena: eth0-Tx-Rx-3
	{"rx-tx", both},       //
	{"txrx", both},        // ice, i40e, ixgbe, igb, bnxt_en: eth0-TxRx-3, ice-eth0-TxRx-3
	{"rxtx", both},        // vmxnet3: eth0-rxtx-3
	{"rx", receives},      // vmxnet3, e1000e: eth0-rx-3
	{"tx", sends},         //
	{"input", receives},   // virtio: virtio2-input.3
	{"output", sends},     //
	{"comp", both},        // mlx5: mlx5_comp3@pci:0000:3b:00.0
	{"q", both},           // mana: mana_q3@pci:7870:00:00.0; be2net: eth0-q3
	{"fp", both},          // bnx2x, qede: eth0-fp-3
	{"ntfy-blk", block},   // gve: gve-ntfy-blk3@pci:0000:00:04.0
	{"ntfy-block", block}, // gve, before 2023: eth0-ntfy-block.3
}

// queueName is what an interrupt's name says: whose queues it serves, which ones, and the queue's number.
type queueName struct {
	owner  string // the rest of the name, see owned
	role   role
	number int
}

// parseQueueName reads the name of an interrupt; ok is false if it is not that of a queue.
func parseQueueName(name string) (q queueName, ok bool) {
	name, address, hasAddress := strings.Cut(name, "@")
	if q, ok = numberFirst(name); !ok {
		q, ok = numberLast(name)
	}
	if hasAddress {
		q.owner = strings.TrimPrefix(address, "pci:")
	}
	return q, ok && q.owner != ""
}

// numberLast reads OWNER-WORD-NUMBER in its spellings, or OWNER-NUMBER.
func numberLast(name string) (queueName, bool) {
	rest := strings.TrimRight(name, "0123456789")
	number, err := strconv.ParseUint(name[len(rest):], 10, 31)
	if err != nil {
		return queueName{}, false
	}
	head := strings.TrimRight(rest, "-.")
	for _, r := range roles {
		if owner, ok := cutWord(head, r.word); ok {
			return queueName{owner, r.role, int(number)}, true
		}
	}
	return queueName{head, both | bare, int(number)}, head != rest && head != ""
}

// numberFirst reads OWNER-qNUMBER-rx of a Xen guest.
func numberFirst(name string) (queueName, bool) {
	at := strings.LastIndexByte(name, '-')
	if at < 0 {
		return queueName{}, false
	}
	q, ok := numberLast(name[:at])
	switch name[at+1:] {
	case "rx":
		q.role = receives
	case "tx":
		q.role = sends
	default:
		return queueName{}, false
	}
	return q, ok
}

// cutWord cuts a word, and the separator before it, off the end of a name.
func cutWord(name, word string) (owner string, ok bool) {
	at := len(name) - len(word) - 1
	if at < 0 || name[at] != '-' && name[at] != '_' || !strings.EqualFold(name[at+1:], word) {
		return "", false
	}
	return name[:at], true
}

// owned reports whether the name belongs to one of the owners. Drivers may put their own name before it: ice-eth0-TxRx-3.
func (q queueName) owned(owners []string) bool {
	return slices.ContainsFunc(owners, func(owner string) bool {
		return q.owner == owner || strings.HasSuffix(q.owner, "-"+owner)
	})
}

// served is an interrupt that serves a queue.
type served struct {
	queueName
	irq int
}

// connect finds the interrupts of the queues. If the device lists its message-signalled interrupts (messages is not nil),
// no others count. If then no name shows an owner of ours, names without one count too: many drivers keep the name that
// the device had before it was renamed.
func (n *NIC) connect(table []interrupt, owners []string, messages []int) {
	var ours, renamed []served
	every := -1
	for _, line := range table {
		if _, found := slices.BinarySearch(messages, line.irq); messages != nil && !found {
			continue
		}
		for _, name := range line.names {
			q, ok := parseQueueName(name)
			switch {
			case ok && q.owned(owners):
				ours = append(ours, served{q, line.irq})
			case ok && messages != nil && q.role&bare == 0 && !q.auxiliary():
				renamed = append(renamed, served{q, line.irq})
			case every < 0 && slices.Contains(owners, strings.TrimSuffix(name, "-virtqueues")):
				every = line.irq // one for all queues: eth0, virtio0, virtio2-virtqueues
			}
		}
	}
	if len(ours) == 0 {
		ours = renamed
	}
	if len(ours) == 0 {
		n.connectAll(every)
		return
	}
	ours = resolveBlocks(ours)
	attach(n.RX, ours, receives)
	attach(n.TX, ours, sends)
}

// auxiliary reports whether the queue is an extra one of the driver's own: flow director, control.
func (q queueName) auxiliary() bool {
	return strings.HasSuffix(q.owner, "fdir") || strings.HasSuffix(q.owner, "ctrl")
}

// connectAll gives every queue the same interrupt.
func (n *NIC) connectAll(irq int) {
	for _, queues := range [][]Queue{n.RX, n.TX} {
		for i := range queues {
			queues[i].IRQ = irq
		}
	}
}

// resolveBlocks turns the N blocks of gve into queues: block i sends for queue i, block N/2+i receives for it.
func resolveBlocks(all []served) []served {
	half := 0
	for _, s := range all {
		if s.role == block {
			half = max(half, (s.number+1)/2)
		}
	}
	for i, s := range all {
		switch {
		case s.role != block:
		case s.number < half:
			all[i].role = sends
		default:
			all[i].role, all[i].number = receives, s.number-half
		}
	}
	return all
}

// attach gives each queue of one role the first interrupt that serves it. Some drivers count from 1 (tg3; mlx5 in some
// kernels).
func attach(queues []Queue, all []served, r role) {
	all = slices.DeleteFunc(slices.Clone(all), func(s served) bool { return s.role&r == 0 })
	if len(all) == 0 {
		return
	}
	first := slices.MinFunc(all, func(a, b served) int { return a.number - b.number }).number
	if first > 1 {
		first = 0
	}
	for _, s := range all {
		if i := s.number - first; i < len(queues) && queues[i].IRQ < 0 {
			queues[i].IRQ = s.irq
		}
	}
}

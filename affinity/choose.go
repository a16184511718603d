package affinity

import (
	"cmp"
	"slices"
)

// Request says what loops are wanted.
type Request struct {
	Loops   int   // 1 or more
	Allowed []int // CPUs that may be used, in any order
	NICs    []NIC // of the route to the peer; nil if not known
	Turn    int   // where to begin among equals, so that processes on one machine differ (callers pass the pid)
}

// With more than fewCPUs allowed, one is left to the kernel and to Go. With fewer, a loop on it is worth more.
const fewCPUs = 4

// Choose returns a CPU for each loop: never the same twice unless Allowed is too small; nil if Allowed is empty. Best
// first:
//
//	CPUs that serve the queues of the route's NICs (NIC.Interrupted), for there the data is in the cache;
//	CPUs of the NIC's node;
//	CPUs of other nodes, the nearest first;
//	hardware threads of cores that a loop has already, in the same order.
//
// With several NICs the loops go to each NIC in turn. With none, they gather on the node that Turn picks. If more than
// four CPUs are allowed, one stays free. Any further loops share CPUs, beginning with the first.
func (m *Machine) Choose(r Request) []int {
	allowed := sortedSet(slices.Clone(r.Allowed))
	if len(allowed) == 0 {
		return nil
	}
	loops := max(r.Loops, 1)
	most := len(allowed)
	if most > fewCPUs {
		most--
	}
	orders := m.orders(allowed, loops, r)
	var chosen []int
	for i := range min(loops, most) {
		chosen = append(chosen, m.next(orders[i%len(orders)], chosen))
	}
	for len(chosen) < loops {
		chosen = append(chosen, chosen[len(chosen)-most])
	}
	return chosen
}

// orders returns, for each NIC, the allowed CPUs, best first; a single order if nothing is known of the NICs.
func (m *Machine) orders(allowed []int, loops int, r Request) [][]int {
	var served []int
	var nics []NIC
	for _, nic := range r.NICs {
		cpus := nic.Interrupted()
		if len(cpus) > 0 || nic.Node >= 0 {
			nics = append(nics, nic)
			served = append(served, cpus...)
		}
	}
	served = sortedSet(served)
	if len(nics) == 0 {
		start := turn(r.Turn, loops, len(allowed))
		home := m.cpu(m.byNode(allowed)[start]).Node
		return [][]int{m.order(allowed, site{nodes: []int{home}}, start)}
	}
	share := (loops + len(nics) - 1) / len(nics)
	var orders [][]int
	for _, nic := range nics {
		start := turn(r.Turn, share, len(allowed))
		orders = append(orders, m.order(allowed, m.site(nic, served), start))
	}
	return orders
}

// turn is the index where a process begins among n. Processes with consecutive turns begin as far apart as each has
// loops, so that they do not overlap if there is room.
func turn(turn, loops, n int) int {
	start := turn % n * (loops % n) % n
	return (start + n) % n
}

// byNode sorts CPUs by their node; consecutive numbers may lie on different nodes.
func (m *Machine) byNode(cpus []int) []int {
	return slices.SortedStableFunc(slices.Values(cpus), func(a, b int) int { return m.cpu(a).Node - m.cpu(b).Node })
}

// site is what loops should be near.
type site struct {
	served []int // CPUs that serve any NIC of the route, ascending
	own    []int // CPUs that serve this one, ascending
	nodes  []int // its node, or those of the CPUs that serve it
}

func (m *Machine) site(nic NIC, served []int) site {
	s := site{served: served, own: nic.Interrupted(), nodes: []int{nic.Node}}
	if nic.Node < 0 {
		s.nodes = nil
		for _, cpu := range s.own {
			s.nodes = append(s.nodes, m.cpu(cpu).Node)
		}
		s.nodes = sortedSet(s.nodes)
	}
	return s
}

// rank orders CPUs, lower is better: first by what the CPU does not serve, then by its distance.
type rank struct{ idle, distance int }

func (m *Machine) rank(cpu int, s site) rank {
	r := rank{idle: 2, distance: far}
	if _, ok := slices.BinarySearch(s.served, cpu); ok {
		r.idle--
	}
	if _, ok := slices.BinarySearch(s.own, cpu); ok {
		r.idle--
	}
	node := m.cpu(cpu).Node
	for _, n := range s.nodes {
		r.distance = min(r.distance, m.distance(n, node))
	}
	return r
}

// order sorts CPUs, best first; equals are rotated to begin at start.
func (m *Machine) order(allowed []int, s site, start int) []int {
	ranks := make(map[int]rank, len(allowed))
	for _, cpu := range allowed {
		ranks[cpu] = m.rank(cpu, s)
	}
	ordered := slices.SortedStableFunc(slices.Values(allowed), func(a, b int) int {
		return cmp.Or(ranks[a].idle-ranks[b].idle, ranks[a].distance-ranks[b].distance)
	})
	for i := 0; i < len(ordered); {
		equals := 1
		for i+equals < len(ordered) && ranks[ordered[i+equals]] == ranks[ordered[i]] {
			equals++
		}
		rotate(ordered[i:i+equals], start%equals)
		i += equals
	}
	return ordered
}

// rotate rotates numbers so that the one at index first comes first.
func rotate(numbers []int, first int) {
	slices.Reverse(numbers[:first])
	slices.Reverse(numbers[first:])
	slices.Reverse(numbers)
}

// next returns the first CPU of an order not chosen yet, among those whose cores have the fewest loops. There must be
// one.
func (m *Machine) next(order, chosen []int) int {
	best, fewest := -1, MaxCPUs
	for _, cpu := range order {
		if slices.Contains(chosen, cpu) {
			continue
		}
		loops := 0
		for _, sibling := range m.cpu(cpu).Siblings {
			if slices.Contains(chosen, sibling) {
				loops++
			}
		}
		if loops < fewest {
			best, fewest = cpu, loops
		}
	}
	return best
}

// Nearest returns the index in cpus of the CPU that best serves what arrives on a CPU: itself, or else a hardware thread
// of the same core, or else a CPU of the same node, or else one at the least distance; -1 if cpus is empty. Equals share
// the work: what arrives on the n-th CPU of a node goes to the (n modulo their number)-th of them, in the order of cpus,
// so the same CPU always gets the same answer. A CPU that the machine does not know is equally far from all others.
func (m *Machine) Nearest(cpu int, cpus []int) int {
	var equals []int
	least := 0
	for i, other := range cpus {
		steps := m.steps(cpu, other)
		if len(equals) == 0 || steps < least {
			equals, least = equals[:0], steps
		}
		if steps == least {
			equals = append(equals, i)
		}
	}
	if len(equals) == 0 {
		return -1
	}
	return equals[m.place(cpu)%len(equals)]
}

// steps grows with what lies between two CPUs: nothing, a core's cache, one node, or several.
func (m *Machine) steps(a, b int) int {
	switch from := m.cpu(a); {
	case a == b:
		return 0
	case slices.Contains(from.Siblings, b):
		return 1
	default:
		return 2 + m.distance(from.Node, m.cpu(b).Node)
	}
}

// place counts the CPUs of the same node before this one. The CPU's number itself will not do: on machines whose CPUs
// alternate between two nodes, all numbers of a node are even, or all odd.
func (m *Machine) place(cpu int) int {
	if m != nil {
		for _, node := range m.Nodes {
			if i := slices.Index(node.CPUs, cpu); i >= 0 {
				return i
			}
		}
	}
	return max(cpu, 0)
}

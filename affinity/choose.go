package affinity

import (
	"cmp"
	"slices"
)

// Request says what loops are wanted.
type Request struct {
	Loops   int   // 1 or more
	Allowed []int // CPUs that may be used, in any order
	NICs    []NIC // of the route to the peer; nil where it is not known
	Turn    int   // where to begin among equals, so that processes side by side differ (callers pass the pid)
}

// Of more than fewCPUs one is left to the kernel and to Go. With fewer, the loop that would have run there is worth more.
const fewCPUs = 4

// Loops gives the number of event loops as the function Loops does, on no more CPUs than the quota is worth: a loop
// beyond them would only be stopped by the kernel in the middle of its period.
func (m *Machine) Loops(allowed, threads int) int {
	if m != nil && m.Quota > 0 && m.Quota < float64(allowed) {
		allowed = int(m.Quota)
	}
	return Loops(allowed, threads)
}

// Choose gives a CPU for each loop: never the same twice unless Allowed is too small, nil where it is empty. Best first:
//
//	CPUs that serve the queues of the route's NICs (NIC.Interrupted), for there the data is in the cache;
//	CPUs of the NIC's node;
//	CPUs of other nodes, the nearest first;
//	hardware threads of cores that a loop has already, in the same order.
//
// With several NICs the loops are theirs in turn. With none, the loops gather on the node where the turn falls. Of more
// than four CPUs allowed, one stays free. Loops beyond that share CPUs from the first on.
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

// orders gives for each NIC the allowed CPUs, the best first; one order where nothing is known of the NICs.
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

// turn gives where a process begins among n. Neighbours in turn are as far apart as each has loops, so that they do
// not overlap where there is room.
func turn(turn, loops, n int) int {
	start := turn % n * (loops % n) % n
	return (start + n) % n
}

// byNode sorts CPUs by their node; neighbours in number may lie on different ones.
func (m *Machine) byNode(cpus []int) []int {
	return slices.SortedStableFunc(slices.Values(cpus), func(a, b int) int { return m.cpu(a).Node - m.cpu(b).Node })
}

// site is what loops want to be near to.
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

// rank is how good a CPU is, less is better: what it does not serve, then how far it is.
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

// order sorts CPUs, the best first; equals begin at start, counted around.
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

// rotate makes the number at an index the first.
func rotate(numbers []int, first int) {
	slices.Reverse(numbers[:first])
	slices.Reverse(numbers[first:])
	slices.Reverse(numbers)
}

// next gives the first CPU of an order that is not chosen yet, of those whose cores have the fewest loops. There is one.
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

// Nearest gives the index in cpus of the CPU that best serves what arrives on a CPU: itself, else a hardware thread of
// the same core, else a CPU of the same node, else one at the least distance; -1 where cpus is empty. Several equals
// share the work: what arrives on the n-th CPU of a node goes to the (n modulo their number)-th of them, in the order
// of cpus, so the same question always has the same answer. A CPU that the machine does not know is equally far from
// all others.
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

// steps grows with what lies between two CPUs: nothing, a core's own cache, a node or several.
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

// place counts the CPUs of a node before this one. The CPU's number alone will not do: where the nodes' CPUs alternate,
// all numbers of a node are even.
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

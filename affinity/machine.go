package affinity

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"viamillipede/netio/host"
)

// Machine is what the kernel reports about a machine's processors and memory nodes. It does not change once read. The
// methods work on a nil Machine, too, which has one node, and every CPU is a core of its own.
type Machine struct {
	CPUs  []CPU   // online, ascending
	Nodes []Node  // ascending; a single one with all CPUs if the kernel has no NUMA
	Quota float64 // CPUs' worth of time that the cgroup grants, the least in the hierarchy; 0 means no limit
}

// CPU is a hardware thread. If the kernel reports no topology, it is a core of its own in package 0.
type CPU struct {
	ID       int   // 0 to MaxCPUs-1
	Package  int   // the socket, 0 or more
	Core     int   // the kernel's number, which may repeat in another package or die; Siblings tells cores apart
	Node     int   // ID of its Node
	Siblings []int // hardware threads of the same core that are online, itself included, ascending
}

// Node is a memory node.
type Node struct {
	ID        int
	CPUs      []int // online, ascending; none if the node has only memory
	Distances []int // to each of Machine.Nodes, in that order; 10 is itself, and a node at 20 is twice as far
}

const (
	near = 10  // the kernel's distance of a node to itself
	away = 20  // the kernel's distance to another node if the firmware says nothing
	far  = 255 // the kernel's distance to what cannot be reached; ours to what is unknown
)

// ReadMachine reads the machine below a root folder, "/" except in tests. The error names the file: the list of online
// CPUs (fs.ErrNotExist if it is missing, as in some sandboxes), or a file that holds something unexpected.
func ReadMachine(root host.Root) (*Machine, error) {
	t := tree{root}
	const name = "sys/devices/system/cpu/online"
	if _, err := os.Stat(t.Path(name)); err != nil {
		return nil, err
	}
	online, err := t.list(name)
	if err != nil {
		return nil, err
	}
	if len(online) == 0 {
		return nil, t.malformed(name, fmt.Errorf("expected a list of CPUs, got nothing"))
	}
	online = sortedSet(online)
	m := &Machine{}
	if m.Nodes, err = t.nodes(online); err != nil {
		return nil, err
	}
	if m.CPUs, err = t.cpus(online, m.Nodes); err != nil {
		return nil, err
	}
	if m.Quota, err = t.quota(); err != nil {
		return nil, err
	}
	return m, nil
}

// nodes reads the memory nodes. A CPU that none of them claims goes to the first.
func (t tree) nodes(online []int) ([]Node, error) {
	const dir = "sys/devices/system/node"
	ids := t.Numbered(dir, "node")
	if len(ids) == 0 {
		return []Node{{ID: 0, CPUs: online, Distances: []int{near}}}, nil
	}
	nodes := make([]Node, len(ids))
	free := slices.Clone(online)
	for i, id := range ids {
		folder := fmt.Sprintf("%s/node%d/", dir, id)
		cpus, err := t.list(folder + "cpulist")
		if err != nil {
			return nil, err
		}
		distances, err := t.distances(folder+"distance", i, len(ids))
		if err != nil {
			return nil, err
		}
		mine, rest := split(free, cpus)
		nodes[i] = Node{ID: id, CPUs: mine, Distances: distances}
		free = rest
	}
	nodes[0].CPUs = sortedSet(append(nodes[0].CPUs, free...))
	return nodes, nil
}

// distances reads the distances from the node at an index to each of n nodes.
func (t tree) distances(name string, index, n int) ([]int, error) {
	fields := strings.Fields(t.Text(name))
	distances := make([]int, n)
	if len(fields) == 0 {
		for i := range distances {
			distances[i] = away
		}
		distances[index] = near
		return distances, nil
	}
	if len(fields) != n {
		return nil, t.malformed(name, fmt.Errorf("%d distances between %d nodes", len(fields), n))
	}
	for i, field := range fields {
		distance, err := strconv.ParseUint(field, 10, 8)
		if err != nil {
			return nil, t.malformed(name, fmt.Errorf("expected a distance from 0 to %d, got %q", far, field))
		}
		distances[i] = int(distance)
	}
	return distances, nil
}

func (t tree) cpus(online []int, nodes []Node) ([]CPU, error) {
	cpus := make([]CPU, len(online))
	for i, id := range online {
		cpu, err := t.cpu(id, online)
		if err != nil {
			return nil, err
		}
		at := slices.IndexFunc(nodes, func(n Node) bool { return slices.Contains(n.CPUs, id) })
		cpu.Node = nodes[at].ID
		cpus[i] = cpu
	}
	return cpus, nil
}

// cpu reads the topology of one CPU. The kernel writes a number below 0 for what it does not know.
func (t tree) cpu(id int, online []int) (CPU, error) {
	dir := fmt.Sprintf("sys/devices/system/cpu/cpu%d/topology/", id)
	cpu := CPU{ID: id}
	socket, err := t.number(dir+"physical_package_id", 0)
	if err != nil {
		return cpu, err
	}
	cpu.Package = max(socket, 0)
	if cpu.Core, err = t.number(dir+"core_id", id); err != nil {
		return cpu, err
	}
	if cpu.Core < 0 {
		cpu.Core = id
	}
	siblings, err := t.list(dir + "thread_siblings_list")
	if err != nil {
		return cpu, err
	}
	siblings, _ = split(sortedSet(siblings), online)
	cpu.Siblings = sortedSet(append(siblings, id))
	return cpu, nil
}

// split divides CPUs into those in a set and those outside it, and keeps their order.
func split(cpus, set []int) (in, out []int) {
	var mask cpuMask
	for _, cpu := range set {
		mask.add(cpu)
	}
	for _, cpu := range cpus {
		if mask.has(cpu) {
			in = append(in, cpu)
		} else {
			out = append(out, cpu)
		}
	}
	return in, out
}

// cpu returns a CPU of the machine. An unknown one is a core of its own, on the only node if there is just one, and
// otherwise on none (-1).
func (m *Machine) cpu(id int) CPU {
	unknown := CPU{ID: id, Core: id, Node: -1, Siblings: []int{id}}
	if m == nil {
		return unknown
	}
	at, ok := slices.BinarySearchFunc(m.CPUs, id, func(c CPU, id int) int { return c.ID - id })
	if ok {
		return m.CPUs[at]
	}
	if len(m.Nodes) == 1 {
		unknown.Node = m.Nodes[0].ID
	}
	return unknown
}

// distance is the distance between two nodes; far if one is unknown.
func (m *Machine) distance(from, to int) int {
	if m == nil {
		return far
	}
	a := slices.IndexFunc(m.Nodes, func(n Node) bool { return n.ID == from })
	b := slices.IndexFunc(m.Nodes, func(n Node) bool { return n.ID == to })
	if a < 0 || b < 0 || b >= len(m.Nodes[a].Distances) {
		return far
	}
	return m.Nodes[a].Distances[b]
}

// SameNode reports whether two CPUs are on one node. A CPU that the machine does not know shares no node, except on a
// machine with a single node, where all do.
func (m *Machine) SameNode(a, b int) bool {
	if a == b || m == nil || len(m.Nodes) < 2 {
		return true
	}
	node := m.cpu(a).Node
	return node >= 0 && node == m.cpu(b).Node
}

// String describes the machine for people: "2 sockets, 2 nodes, 64 cores, 128 threads".
func (m *Machine) String() string {
	if m == nil {
		return "unknown"
	}
	sockets, cores := map[int]bool{}, map[int]bool{}
	for _, cpu := range m.CPUs {
		sockets[cpu.Package] = true
		cores[cpu.Siblings[0]] = true
	}
	s := strings.Join([]string{
		count(len(sockets), "socket"), count(len(m.Nodes), "node"),
		count(len(cores), "core"), count(len(m.CPUs), "thread"),
	}, ", ")
	if m.Quota > 0 {
		s += ", a quota of " + strconv.FormatFloat(m.Quota, 'g', 4, 64) + " CPUs"
	}
	return s
}

// count is a number and its noun: "1 node", "2 nodes".
func count(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return strconv.Itoa(n) + " " + noun
}

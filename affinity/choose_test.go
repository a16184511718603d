package affinity

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// upTo gives 0 to n-1.
func upTo(n int) []int {
	cpus := make([]int, n)
	for i := range cpus {
		cpus[i] = i
	}
	return cpus
}

// nicOn is a NIC whose queue i interrupts the i-th of some CPUs.
func nicOn(node int, cpus ...int) NIC {
	n := NIC{Name: "eth0", Node: node}
	for i, cpu := range cpus {
		n.RX = append(n.RX, Queue{IRQ: i, CPUs: []int{cpu}})
	}
	return n
}

func TestChoose(t *testing.T) {
	big := readMachine(t, bigMachine(t))
	ens5 := readNICs(t, bigMachine(t), "ens5")
	vm := readMachine(t, fixture(t, "virtio"))
	eth0 := readNICs(t, fixture(t, "virtio"), "eth0")
	two := readMachine(t, fixture(t, "bond"))
	bond := readNICs(t, fixture(t, "bond"), "bond0.100")
	container := readMachine(t, fixture(t, "container"))
	veth := readNICs(t, fixture(t, "veth"), "eth0")
	steered := nicOn(0, 9)
	steered.RX[0].Steered = []int{20, 21}
	for _, c := range []struct {
		name string
		m    *Machine
		r    Request
		want []int
	}{
		{"the queues' CPUs of a VM", vm, Request{Loops: 2, Allowed: upTo(4), NICs: eth0}, []int{1, 3}},
		{"then the others", vm, Request{Loops: 4, Allowed: upTo(4), NICs: eth0}, []int{1, 3, 0, 2}},
		{"the next process begins behind", vm, Request{Loops: 1, Allowed: upTo(4), NICs: eth0, Turn: 1}, []int{3}},
		{"turns may be negative", vm, Request{Loops: 1, Allowed: upTo(4), Turn: -1}, []int{3}},
		{"cores of the NIC's node", big, Request{Loops: 4, Allowed: upTo(64), NICs: ens5}, []int{16, 17, 18, 19}},
		{"the next process", big, Request{Loops: 4, Allowed: upTo(64), NICs: ens5, Turn: 1}, []int{20, 21, 22, 23}},
		{"whole cores beyond the node before threads", big, Request{Loops: 18, Allowed: upTo(64), NICs: ens5},
			[]int{16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 0, 1}},
		{"two queues, then their node", big, Request{Loops: 4, Allowed: upTo(64), NICs: []NIC{nicOn(1, 18, 50)}}, []int{18, 16, 17, 19}},
		{"no queue allowed", big, Request{Loops: 2, Allowed: []int{0, 1, 30, 31}, NICs: []NIC{nicOn(1, 18)}}, []int{30, 31}},
		{"threads of one core only", big, Request{Loops: 2, Allowed: []int{3, 35}, NICs: ens5}, []int{3, 35}},
		{"a node without queues", big, Request{Loops: 2, Allowed: upTo(64), NICs: []NIC{{Name: "ens9", Node: 1}}}, []int{16, 17}},
		{"queues whose node is not told", big, Request{Loops: 2, Allowed: upTo(64), NICs: []NIC{nicOn(-1, 20)}}, []int{20, 16}},
		{"where RPS steers to", big, Request{Loops: 2, Allowed: upTo(64), NICs: []NIC{steered}}, []int{20, 21}},
		{"both ports of a bond", two, Request{Loops: 4, Allowed: upTo(8), NICs: bond}, []int{5, 0, 6, 2}},
		{"a veth with RPS", readMachine(t, fixture(t, "veth")), Request{Loops: 5, Allowed: upTo(40), NICs: veth}, []int{2, 3, 4, 5, 39}},
		{"nothing known of the NICs", big, Request{Loops: 2, Allowed: upTo(64)}, []int{0, 1}},
		{"a turn on the other node", big, Request{Loops: 2, Allowed: upTo(64), Turn: 17}, []int{18, 19}},
		{"a veth is as good as nothing", big, Request{Loops: 2, Allowed: upTo(64), NICs: []NIC{{Name: "veth0", Node: -1}}}, []int{0, 1}},
		{"a container's cpuset", container, Request{Loops: 2, Allowed: []int{2, 3, 4, 5, 6, 7}, Turn: 2}, []int{6, 7}},
		{"one of five is left", vm, Request{Loops: 8, Allowed: upTo(5)}, []int{0, 1, 2, 3, 0, 1, 2, 3}[:8]},
		{"more loops than CPUs", vm, Request{Loops: 5, Allowed: []int{3, 1}}, []int{1, 3, 1, 3, 1}},
		{"CPUs that the machine does not know", vm, Request{Loops: 2, Allowed: []int{900, 901}}, []int{900, 901}},
		{"nothing allowed", vm, Request{Loops: 2}, nil},
		{"no loops asked for", vm, Request{Allowed: []int{2}}, []int{2}},
	} {
		if got := c.m.Choose(c.r); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

// Processes side by side, as a shell numbers them, have different CPUs as long as there are enough.
func TestTurnsDiffer(t *testing.T) {
	m := readMachine(t, bigMachine(t))
	nics := readNICs(t, bigMachine(t), "ens5")
	for _, r := range []Request{
		{Loops: 4, Allowed: upTo(64), NICs: nics},
		{Loops: 8, Allowed: upTo(64)},
		{Loops: 2, Allowed: upTo(8)},
		{Loops: 1, Allowed: upTo(2)},
	} {
		for pid := range 300 {
			r.Turn = 4_000_000 + pid
			first := m.Choose(r)
			r.Turn++
			for _, cpu := range m.Choose(r) {
				if slices.Contains(first, cpu) {
					t.Errorf("%d loops on %d CPUs: turns %d and %d both have CPU %d", r.Loops, len(r.Allowed), r.Turn-1, r.Turn, cpu)
				}
			}
		}
	}
}

func TestNearest(t *testing.T) {
	big := readMachine(t, bigMachine(t))
	for _, c := range []struct {
		cpu  int
		cpus []int
		want int
	}{
		{5, nil, -1},
		{5, []int{4, 5, 37}, 1},
		{37, []int{4, 5, 6}, 1},         // the other thread of the core
		{5, []int{16, 0, 17}, 1},        // the node
		{16, []int{0, 1, 2}, 0},         // another node, the first CPU of its own
		{17, []int{0, 1, 2}, 1},         // the second
		{48, []int{0, 1, 2}, 16 % 3},    // the 16th
		{20, []int{16, 0, 17, 18}, 2},   // the fourth CPU of its node, among three
		{-1, []int{7, 8}, 0},            // not known to the kernel
		{99, []int{7, 8}, 1},            // not known to us
		{3, []int{-1, -1}, 1},           // loops that are not pinned
		{3, []int{-1, 40, 3, 3, 40}, 3}, // two loops on one CPU
	} {
		if got := big.Nearest(c.cpu, c.cpus); got != c.want {
			t.Errorf("Nearest(%d, %v) is %d, want %d", c.cpu, c.cpus, got, c.want)
		}
	}
}

// The 32 queues of a NIC share its node's loops evenly, though their CPUs have the numbers 16-31 and 48-63; and so they
// do where the nodes' CPUs alternate.
func TestNearestSpreads(t *testing.T) {
	big := readMachine(t, bigMachine(t))
	even := &Machine{Nodes: []Node{{ID: 0, Distances: []int{10, 20}}, {ID: 1, Distances: []int{20, 10}}}}
	for cpu := range 32 {
		even.CPUs = append(even.CPUs, CPU{ID: cpu, Core: cpu, Node: cpu % 2, Siblings: []int{cpu}})
		even.Nodes[cpu%2].CPUs = append(even.Nodes[cpu%2].CPUs, cpu)
	}
	for _, c := range []struct {
		m    *Machine
		node int
		cpus []int
	}{{big, 1, []int{0, 1, 2, 3}}, {even, 0, []int{1, 3, 5, 7}}} {
		hits := make([]int, len(c.cpus))
		for _, cpu := range c.m.Nodes[c.node].CPUs {
			hits[c.m.Nearest(cpu, c.cpus)]++
		}
		if slices.Min(hits) != slices.Max(hits) {
			t.Errorf("%v were asked %v times", c.cpus, hits)
		}
	}
}

// drawMachine makes a machine of a few nodes, whose CPUs and threads are numbered in one of the usual manners.
func drawMachine(t *rapid.T) *Machine {
	nodes := rapid.IntRange(1, 4).Draw(t, "nodes")
	cores := rapid.IntRange(1, 6).Draw(t, "cores of a node")
	threads := rapid.IntRange(1, 2).Draw(t, "threads of a core")
	alternate := rapid.Bool().Draw(t, "nodes alternate")
	m := &Machine{}
	for n := range nodes {
		node := Node{ID: n * 2}
		for other := range nodes {
			node.Distances = append(node.Distances, 10+11*max(n-other, other-n))
		}
		m.Nodes = append(m.Nodes, node)
	}
	all := nodes * cores
	for id := range all * threads {
		core := id % all
		node := core / cores
		if alternate {
			node = core % nodes
		}
		cpu := CPU{ID: id, Package: node, Core: core, Node: m.Nodes[node].ID, Siblings: []int{core}}
		if threads > 1 {
			cpu.Siblings = append(cpu.Siblings, core+all)
		}
		m.CPUs = append(m.CPUs, cpu)
		m.Nodes[node].CPUs = append(m.Nodes[node].CPUs, id)
	}
	return m
}

func drawNICs(t *rapid.T, m *Machine) []NIC {
	var nics []NIC
	for i := range rapid.IntRange(0, 3).Draw(t, "NICs") {
		cpus := rapid.SliceOfN(rapid.IntRange(0, len(m.CPUs)-1), 0, 6).Draw(t, "queues")
		nic := nicOn(rapid.SampledFrom([]int{-1, 0, 2, 6}).Draw(t, "node"), cpus...)
		nic.Name = fmt.Sprint("eth", i)
		nics = append(nics, nic)
	}
	return nics
}

func TestChoiceHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawMachine(t)
		allowed := rapid.SliceOfNDistinct(rapid.IntRange(0, len(m.CPUs)+1), 1, -1, rapid.ID[int]).Draw(t, "allowed")
		r := Request{
			Loops:   rapid.IntRange(1, 20).Draw(t, "loops"),
			Allowed: allowed,
			NICs:    drawNICs(t, m),
			Turn:    rapid.IntRange(-5, 5_000_000).Draw(t, "turn"),
		}
		before := slices.Clone(allowed)
		chosen := m.Choose(r)
		if again := m.Choose(r); !slices.Equal(again, chosen) || !slices.Equal(before, allowed) {
			t.Fatalf("chose %v, then %v", chosen, again)
		}
		most := len(allowed)
		if most > 4 {
			most--
		}
		distinct := chosen[:min(len(chosen), most)]
		if len(chosen) != r.Loops || len(sortedSet(slices.Clone(chosen))) != len(distinct) {
			t.Fatalf("%v for %d loops on %v", chosen, r.Loops, allowed)
		}
		for i := range distinct {
			checkStep(t, m, r, distinct[:i], distinct[i])
		}
	})
}

// checkStep reports a CPU that was chosen after others though a better one was free.
func checkStep(t *rapid.T, m *Machine, r Request, before []int, cpu int) {
	if !slices.Contains(r.Allowed, cpu) {
		t.Fatalf("%d is not of %v", cpu, r.Allowed)
	}
	var queues []int
	for _, nic := range r.NICs {
		queues = append(queues, nic.Interrupted()...)
	}
	shared := sharesCore(m, before, cpu)
	for _, other := range r.Allowed {
		if other == cpu || slices.Contains(before, other) {
			continue
		}
		otherShared := sharesCore(m, before, other)
		if shared && !otherShared {
			t.Fatalf("after %v came %d, a thread of a core that has a loop, before %d", before, cpu, other)
		}
		if shared == otherShared && !slices.Contains(queues, cpu) && slices.Contains(queues, other) {
			t.Fatalf("after %v came %d before %d, which serves a queue of %v", before, cpu, other, queues)
		}
		if nearer(m, r, cpu, other) && shared == otherShared && !slices.Contains(queues, cpu) {
			t.Fatalf("after %v came %d before %d, which is nearer", before, cpu, other)
		}
	}
}

// nearer reports whether other is nearer than cpu to the one NIC that there is.
func nearer(m *Machine, r Request, cpu, other int) bool {
	if len(r.NICs) != 1 || r.NICs[0].Node < 0 {
		return false
	}
	node := r.NICs[0].Node
	return m.distance(node, m.cpu(other).Node) < m.distance(node, m.cpu(cpu).Node)
}

func sharesCore(m *Machine, before []int, cpu int) bool {
	return slices.ContainsFunc(m.cpu(cpu).Siblings, func(s int) bool { return slices.Contains(before, s) })
}

func TestNearestHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawMachine(t)
		cpu := rapid.IntRange(-1, len(m.CPUs)).Draw(t, "cpu")
		cpus := rapid.SliceOfN(rapid.IntRange(-1, len(m.CPUs)), 1, 12).Draw(t, "cpus")
		i := m.Nearest(cpu, cpus)
		if i < 0 || i >= len(cpus) {
			t.Fatalf("index %d of %v", i, cpus)
		}
		for _, other := range cpus {
			if m.steps(cpu, other) < m.steps(cpu, cpus[i]) {
				t.Fatalf("%d of %v for CPU %d, %d is nearer", cpus[i], cpus, cpu, other)
			}
		}
	})
}

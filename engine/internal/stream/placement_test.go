package stream

import (
	"slices"
	"testing"

	"viamillipede/affinity"
)

// twoNodes has CPUs 0 to 3 on node 0 and 4 to 7 on node 1; 0 and 2 are threads of one core, and so on.
func twoNodes() *affinity.Machine {
	m := &affinity.Machine{Nodes: []affinity.Node{
		{ID: 0, CPUs: []int{0, 1, 2, 3}, Distances: []int{10, 21}},
		{ID: 1, CPUs: []int{4, 5, 6, 7}, Distances: []int{21, 10}},
	}}
	for id := range 8 {
		core := id&4 | id&1
		m.CPUs = append(m.CPUs, affinity.CPU{ID: id, Core: core, Node: id / 4, Siblings: []int{core, core + 2}})
	}
	return m
}

// A link goes to another loop only where that is nearer to its packets by more than a core: on their CPU, or on their node
// where the present one is not.
func TestBetterLoop(t *testing.T) {
	p := &Placement{CPUs: []int{1, 5, 6}, Machine: twoNodes()}
	for _, c := range []struct{ cpu, now, want int }{
		{1, 0, -1}, // served there
		{1, 1, 0},
		{5, 0, 1},
		{5, 2, 1},
		{2, 0, -1}, // the node of it
		{2, 1, 0},
		{4, 0, 2}, // CPU 4 and 6 are one core
		{4, 1, -1},
		{7, 2, -1},
		{7, 0, 1},
	} {
		if got := p.Better(c.cpu, c.now); got != c.want {
			t.Errorf("packets on CPU %d, served by loop %d: %d is better, want %d", c.cpu, c.now, got, c.want)
		}
	}
	if got := (&Placement{CPUs: []int{-1, -1}}).Better(3, 0); got != -1 {
		t.Errorf("where nothing is known, loop %d is better", got)
	}
}

func TestNodesOfLoops(t *testing.T) {
	if got, want := (&Placement{CPUs: []int{1, 5, 6}, Machine: twoNodes()}).Nodes(), []int{0, 1, 1}; !slices.Equal(got, want) {
		t.Errorf("loops on nodes %v, want %v", got, want)
	}
	if got := (&Placement{CPUs: []int{0}, Machine: &affinity.Machine{Nodes: make([]affinity.Node, 1)}}).Nodes(); got != nil {
		t.Errorf("one node: %v", got)
	}
}
